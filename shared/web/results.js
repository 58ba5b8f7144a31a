// A run's results in a page: the table with its filters, the matrix, the timeline, the messages.
//
//   const results = createResults(container);
//   results.add(event);   // an object of `xgrid submit --json`, as it comes
//   results.close();      // no more will come
//   results.clear();      // from the beginning again
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const element = (...all) => xgrid.element(...all);
  const refreshMilliseconds = 200; // between two pictures of a run that goes on
  const messagesShown = 1000;

  const rank = Object.fromEntries(xgrid.outcomes.map((outcome, place) => [outcome, place]));
  const orders = {
    outcome: (a, b) => rank[a.outcome] - rank[b.outcome],
    id: (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
    duration: (a, b) => (b.duration || 0) - (a.duration || 0), // the slowest first
    worker: (a, b) => a.worker.localeCompare(b.worker, undefined, { numeric: true }),
    environment: (a, b) => a.environment.localeCompare(b.environment),
  };

  // Where there is no room for a column of environments they stand behind names.
  const nameParts = (test, several) => {
    const at = test.id.indexOf("::");
    const times = test.occurrence > 0 ? ` (${test.occurrence + 1})` : "";
    const begin = at < 0 ? 0 : at + 2;
    return element("span", { class: "parts" },
      element("span", { class: "path" }, test.id.slice(0, begin)),
      element("span", { class: "last", "data-where": several ? test.environment : null },
        test.id.slice(begin) + times));
  };

  const testColumns = (several) => [
    { key: "outcome", label: "Outcome", class: "outcome", sorts: true,
      cell: (test) => element("span", { class: `badge ${test.outcome}` }, test.outcome) },
    { key: "id", label: "Test", class: "name", names: true, sorts: true,
      cell: (test) => nameParts(test, several) },
    { key: "message", label: "Message", class: "message", cell: (test) => test.message },
    { key: "duration", label: "Duration", class: "duration", sorts: true,
      cell: (test) => xgrid.seconds(test.duration) },
    { key: "worker", label: "Slot", class: "slot", sorts: true, cell: (test) => test.worker },
    ...(several ? [{ key: "environment", label: "Environment", class: "environment", sorts: true,
      cell: (test) => test.environment }] : []),
  ];

  const summaryOf = (model) => {
    const counts = ["failed", "error", "failing", "passed", "skipped", "xfailed", "xpassed",
      "running", "unfinished"]
      .filter((name) => model.counts[name] > 0).map((name) => `${model.counts[name]} ${name}`);
    const text = counts.join(", ") || "no tests yet";
    const open = model.counts.waiting > 0 ? `, ${model.counts.waiting} not begun` : "";
    if (model.finished) {
      return `Finished: ${text}${open} in ${xgrid.seconds(model.finished.wall)}` +
        ` (exit code ${model.finished.exit_code})`;
    }
    return (model.closed ? "Ended before the run did: " : "Running: ") + text + open;
  };

  let made = 0; // so that several may be in a page

  xgrid.createResults = (container) => {
    const id = `results-${++made}`;
    let model = xgrid.createModel();
    let sort = { key: "outcome", descending: false }; // failures first
    let several = false;
    let opened = null; // what has the focus when details are closed
    const wanted = { outcomes: new Set(), words: [], environment: "" };

    // ---- Parts

    const summary = element("p", { class: "summary" });
    const bar = element("div", { class: "bar", "aria-hidden": "true" });
    const news = element("p", { class: "unseen", role: "status", "aria-live": "polite" });
    const search = element("input", { type: "search", id: `${id}-search`, autocomplete: "off",
      spellcheck: "false", placeholder: "part of a name or message" });
    const environment = element("select", { id: `${id}-environment` });
    const environmentLabel = element("label", { for: `${id}-environment`, hidden: true },
      "Environment ", environment);
    const outcomes = element("div", { class: "outcomes", role: "group",
      "aria-label": "Show only tests that are" });
    const shownCount = element("p", { class: "count" });
    const details = xgrid.createDetails(() => { if (opened) opened(); });
    const open = (back) => (test) => {
      opened = back;
      details.show(test);
    };
    const rows = xgrid.createRows({
      caption: "Tests", columns: testColumns(false),
      onOpen: open(() => rows.focus()), onSort: (key) => sortBy(key),
    });
    let timeline;
    let matrix;
    const messages = element("ul", { class: "messages" });
    const views = new Map();
    const tabs = element("div", { role: "tablist", "aria-label": "Views", class: "tabs" });
    const panels = element("div", { class: "panels" });
    const addView = (name, label, ...content) => {
      const panel = element("div", { role: "tabpanel", id: `${id}-${name}`,
        "aria-labelledby": `${id}-${name}-tab`, hidden: true }, ...content);
      const tab = element("button", { type: "button", role: "tab", id: `${id}-${name}-tab`,
        "aria-controls": `${id}-${name}`, onclick: () => show(name) }, label);
      views.set(name, { panel, tab });
      tabs.append(tab);
      panels.append(panel);
    };
    const show = (name) => {
      for (const [one, { panel, tab }] of views) {
        panel.hidden = one !== name;
        tab.setAttribute("aria-selected", String(one === name));
        tab.tabIndex = one === name ? 0 : -1;
      }
      draw();
    };
    tabs.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const all = [...views].filter(([, view]) => !view.tab.hidden);
      const at = all.findIndex(([, view]) => view.tab === document.activeElement);
      const [name, view] = all[(at + step + all.length) % all.length];
      show(name);
      view.tab.focus();
    });

    const build = () => {
      views.clear();
      tabs.replaceChildren();
      panels.replaceChildren();
      timeline = xgrid.createTimeline(model, open(() => views.get("timeline").tab.focus()));
      matrix = xgrid.createMatrix(model, open(() => views.get("matrix").tab.focus()));
      addView("tests", "Tests",
        element("div", { class: "tools" }, outcomes, environmentLabel, shownCount), rows.element);
      addView("matrix", "Matrix", matrix.element);
      addView("timeline", "Timeline", timeline.element);
      addView("messages", "Messages", messages);
      show("tests");
    };

    // ---- What is shown of it

    const sortBy = (key) => {
      sort = { key, descending: sort.key === key && !sort.descending };
      rows.setSort(sort.key, sort.descending);
      draw();
    };

    const matching = () => {
      const found = model.tests.filter((test) =>
        (wanted.outcomes.size === 0 || wanted.outcomes.has(test.outcome)) &&
        (wanted.environment === "" || test.environment === wanted.environment) &&
        wanted.words.every((word) => xgrid.wordsOf(test).includes(word)));
      const order = orders[sort.key];
      if (order) {
        const way = sort.descending ? -1 : 1;
        found.sort((a, b) => way * order(a, b) || a.number - b.number);
      }
      return found;
    };

    const drawOutcomes = () => {
      const kept = new Map([...outcomes.children].map((made) => [made.dataset.outcome, made]));
      for (const outcome of xgrid.outcomes) {
        const count = model.counts[outcome];
        let chip = kept.get(outcome);
        if (!chip) {
          chip = element("button", { type: "button", class: `chip ${outcome}`,
            "data-outcome": outcome, onclick: () => choose(outcome) });
          outcomes.append(chip);
        }
        chip.textContent = `${outcome} ${count}`;
        chip.hidden = count === 0 && !wanted.outcomes.has(outcome);
        chip.setAttribute("aria-pressed", String(wanted.outcomes.has(outcome)));
      }
    };

    const choose = (outcome) => {
      if (!wanted.outcomes.delete(outcome)) wanted.outcomes.add(outcome);
      draw();
      news.textContent = shownCount.textContent;
    };

    const drawBar = () => {
      bar.replaceChildren(...xgrid.outcomes.filter((outcome) => model.counts[outcome] > 0)
        .map((outcome) => {
          const part = element("span", { class: outcome });
          part.style.flexGrow = model.counts[outcome];
          return part;
        }));
    };

    const drawEnvironments = () => {
      const names = model.environments;
      several = names.length > 1;
      environmentLabel.hidden = !several;
      views.get("matrix").tab.hidden = !(several && model.run.each);
      if (environment.options.length === names.length + 1) return;
      environment.replaceChildren(new Option("all", ""),
        ...names.map((name) => new Option(name, name)));
      environment.value = wanted.environment;
      rows.setColumns(testColumns(several));
      rows.setSort(sort.key, sort.descending);
    };

    const drawMessages = () => {
      const all = model.messages;
      const items = all.slice(0, messagesShown).map((one) => element("li", {},
        element("strong", {}, one.kind), ` ${one.who} `, element("pre", {}, one.text)));
      if (all.length > messagesShown) {
        items.push(element("li", {}, `and ${all.length - messagesShown} more`));
      }
      messages.replaceChildren(...items);
    };

    const isShown = (name) => !views.get(name).panel.hidden;
    let failuresTold = 0;
    let endTold = false;
    const draw = () => {
      summary.textContent = summaryOf(model);
      drawBar();
      drawOutcomes();
      drawEnvironments();
      views.get("messages").tab.textContent = `Messages (${model.messages.length})`;
      matrix.search(wanted.words);
      if (isShown("tests")) {
        const found = matching();
        rows.setRows(found);
        shownCount.textContent = `${found.length} of ${model.total} tests shown`;
      }
      if (isShown("matrix")) matrix.draw();
      if (isShown("timeline")) timeline.draw();
      if (isShown("messages")) drawMessages();
      details.refresh();
      // A reader who hears the page is told the first failure and the end, not each test.
      if ((model.failures > 0 && failuresTold === 0) || (model.closed && !endTold)) {
        failuresTold = model.failures;
        endTold = model.closed;
        news.textContent = summary.textContent;
      }
    };

    let timer = 0;
    let lastDraw = 0;
    const soon = () => {
      if (timer !== 0) return;
      const wait = Math.max(0, lastDraw + refreshMilliseconds - performance.now());
      timer = setTimeout(() => {
        timer = 0;
        draw();
        lastDraw = performance.now();
      }, wait);
    };

    search.addEventListener("input", () => {
      wanted.words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
      draw();
      news.textContent = shownCount.textContent;
    });
    environment.addEventListener("change", () => {
      wanted.environment = environment.value;
      draw();
    });
    const goToSearch = (event) => {
      if (!root.isConnected) document.removeEventListener("keydown", goToSearch);
      if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
      if (!root.checkVisibility()) return;
      event.preventDefault();
      search.focus();
    };
    document.addEventListener("keydown", goToSearch);

    const root = element("div", { class: "results" }, summary, bar, news,
      element("div", { class: "tools" }, tabs,
        element("label", { for: search.id }, "Search ", search)),
      element("div", { class: "parted" }, panels, details.element));
    container.replaceChildren(root);
    build();

    return {
      add: (event) => { model.add(event); soon(); },
      close: () => { model.close(); draw(); },
      clear: () => {
        details.close();
        model = xgrid.createModel();
        failuresTold = 0;
        endTold = false;
        build();
      },
      get model() { return model; },
    };
  };
  globalThis.createResults = xgrid.createResults;
})();
