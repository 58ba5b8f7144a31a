// Tables of runs and workers, which stay in place while what they say changes.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const element = (...all) => xgrid.element(...all);

  xgrid.roughTime = (seconds) => {
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
      if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
    }
    return `${Math.floor(seconds)} s`;
  };

  xgrid.countsOf = (verdicts) => {
    const order = ["failed", "error", "passed", "skipped", "xfailed", "xpassed"];
    return order.filter((one) => verdicts[one] > 0).map((one) => `${verdicts[one]} ${one}`)
      .join(", ");
  };

  const failures = (run) => (run.verdicts.failed || 0) + (run.verdicts.error || 0);

  // A word for how a run is, and the outcome whose colour it has.
  xgrid.stateOf = (run) => {
    if (run.state === "waits") return ["waits", "waiting"];
    if (run.state === "runs") return ["runs", failures(run) > 0 ? "failed" : "running"];
    if (run.end === "completed" || run.end === "stopped") {
      return failures(run) > 0 ? ["failed", "failed"] : ["passed", "passed"];
    }
    const words = { exit_asked: "ended by a test", refused: "could not begin",
      cancelled: "cancelled", grid_failed: "the grid failed" };
    return [words[run.end] || "over", run.end === "cancelled" ? "skipped" : "error"];
  };

  const runLink = (id, text) =>
    element("a", { href: `#/run/${encodeURIComponent(id)}` }, text || id.slice(0, 8));

  // columns: {label, class, show(item) -> text or node, key(item) -> what that depends on}
  const createList = (caption, columns, keyOf) => {
    const body = element("tbody");
    const table = element("table", {}, element("caption", { class: "unseen" }, caption),
      element("thead", {}, element("tr", {}, ...columns.map((column) =>
        element("th", { scope: "col", class: column.class }, column.label)))), body);
    const rows = new Map();
    const update = (row, item) => {
      columns.forEach((column, place) => {
        const shown = column.show(item);
        const key = column.key ? column.key(item) : shown;
        if (row.keys[place] === key) return; // what has the focus keeps it
        row.keys[place] = key;
        row.element.children[place].replaceChildren(shown);
      });
    };
    return {
      element: element("div", { class: "listing" }, table),
      set: (items) => {
        const wanted = new Map(items.map((item) => [keyOf(item), item]));
        for (const [key, row] of rows) {
          if (wanted.has(key)) continue;
          row.element.remove();
          rows.delete(key);
        }
        let before = body.firstChild;
        for (const [key, item] of wanted) {
          let row = rows.get(key);
          if (!row) {
            const cells = columns.map((column) =>
              element(column.names ? "th" : "td", { class: column.class,
                scope: column.names ? "row" : null }));
            row = { element: element("tr", {}, ...cells), keys: [] };
            rows.set(key, row);
          }
          update(row, item);
          if (row.element === before) before = before.nextSibling;
          else body.insertBefore(row.element, before);
        }
      },
    };
  };

  const reasonsOf = (reasons) =>
    element("ul", { class: "reasons" }, ...reasons.map((one) => element("li", {}, one)));

  const runName = (run, reasons) => {
    const name = element("div", {}, runLink(run.run, run.title || run.run));
    const why = reasons && reasons.get(run.run);
    if (run.state === "waits" && why) name.append(reasonsOf(why));
    return name;
  };

  // Of runs that are over or not. `reasons`: why runs wait, by their ids.
  const timeColumns = (areOver) => areOver
    ? [{ label: "Took", class: "number rest", show: (run) => xgrid.roughTime(run.took) },
      { label: "Ago", class: "number", show: (run) => xgrid.roughTime(run.age) }]
    : [{ label: "Slots", class: "number rest", show: (run) =>
      run.slots_wanted > 0 ? `${run.slots} (+${run.slots_wanted} wanted)` : String(run.slots) },
    { label: "Since", class: "number", show: (run) => xgrid.roughTime(run.age) }];

  xgrid.createRunList = (caption, areOver, reasons) => createList(caption, [
    { label: "State", class: "state-cell", key: (run) => xgrid.stateOf(run).join(),
      show: (run) => {
        const [word, hue] = xgrid.stateOf(run);
        return element("span", { class: `state ${hue}` }, word);
      } },
    { label: "Run", class: "wide", names: true,
      key: (run) => JSON.stringify([run.title, run.state, reasons && reasons.get(run.run)]),
      show: (run) => runName(run, reasons) },
    { label: "Who", class: "rest", show: (run) => run.user },
    { label: "Project", class: "rest", show: (run) => run.project },
    { label: "Tests", class: "wide", show: (run) =>
      [xgrid.countsOf(run.verdicts), run.open > 0 ? `${run.open} open` : ""]
        .filter((one) => one !== "").join(", ") },
    ...timeColumns(areOver),
  ], (run) => run.run);

  const workerState = (worker) => worker.drains ? ["leaves", "skipped"]
    : worker.trouble ? ["in trouble", "failed"] : worker.silent > 3 ? ["silent", "waiting"]
    : worker.used > 0 ? ["works", "running"] : ["idle", "passed"];

  xgrid.createWorkerList = (caption) => createList(caption, [
    { label: "Worker", class: "wide", names: true, show: (worker) => worker.worker },
    { label: "State", key: (worker) => workerState(worker).join() + worker.trouble,
      show: (worker) => {
        const [word, hue] = workerState(worker);
        const state = element("div", {}, element("span", { class: `state ${hue}` }, word));
        if (worker.trouble) state.append(` ${worker.trouble}`);
        return state;
      } },
    { label: "Load", class: "number", key: (worker) => `${worker.used}/${worker.slots}`,
      show: (worker) => element("span", {}, `${worker.used} of ${worker.slots} `,
        element("meter", { min: 0, max: Math.max(1, worker.slots), value: worker.used,
          "aria-label": "slots in use" })) },
    { label: "Runs", key: (worker) => worker.runs.join(),
      show: (worker) => {
        const list = element("ul", { class: "labels" });
        list.append(...worker.runs.map((run) => element("li", {}, runLink(run))));
        return list;
      } },
    { label: "Labels", class: "wide rest", key: (worker) => JSON.stringify(worker.labels),
      show: (worker) => element("ul", { class: "labels" },
        ...Object.entries(worker.labels).map(([name, value]) =>
          element("li", {}, `${name}=${value}`))) },
    { label: "User", class: "rest", show: (worker) => worker.user },
    { label: "Version", class: "rest", show: (worker) => worker.version },
  ], (worker) => worker.worker);

  xgrid.reasonsOf = reasonsOf;
  xgrid.createList = createList;
})();
