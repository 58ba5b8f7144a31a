// When which slot ran which test: a picture to zoom into, and what it says as a table.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const element = (...all) => xgrid.element(...all);
  const labels = 72; // pixels on the left, for the names of slots
  const scale = 20; // pixels at the top, for seconds

  const stepFor = (seconds, room) => {
    const least = seconds / Math.max(1, room / 90);
    const power = 10 ** Math.floor(Math.log10(least || 1));
    return [1, 2, 5, 10].map((one) => one * power).find((step) => step >= least) || power * 10;
  };

  xgrid.createTimeline = (model, onOpen) => {
    const canvas = element("canvas", { tabindex: 0, role: "img" });
    const told = element("p", { class: "told" });
    const slotRows = element("tbody");
    const button = (label, text, act) =>
      element("button", { type: "button", "aria-label": label, onclick: act }, text);
    const root = element("div", { class: "timeline" },
      element("div", { class: "tools" },
        button("Zoom in", "+", () => zoom(2)), button("Zoom out", "−", () => zoom(0.5)),
        button("Earlier", "←", () => pan(-0.5)), button("Later", "→", () => pan(0.5)),
        button("Show all of the run", "All", () => reset())),
      element("div", { class: "picture" }, canvas), told,
      element("div", { class: "scroll" }, element("table", {},
        element("caption", {}, "Slots"),
        element("thead", {}, element("tr", {}, ...["Slot", "Environment", "Host", "Tests", "Busy",
          "Share of the run"].map((name) => element("th", { scope: "col" }, name)))),
        slotRows)));
    let from = 0;
    let span = 0; // seconds; 0: all of the run

    const range = () => {
      const all = Math.max(model.time, 1e-6);
      return span > 0 ? [from, Math.min(span, all)] : [0, all];
    };
    const reset = () => { span = 0; draw(); };
    const zoom = (by, around) => {
      const [begin, shown] = range();
      const middle = around === undefined ? begin + shown / 2 : around;
      span = Math.min(Math.max(shown / by, 1e-4), Math.max(model.time, 1e-6));
      from = middle - (middle - begin) * (span / shown);
      bound();
      draw();
    };
    const pan = (share) => {
      const [begin, shown] = range();
      from = begin + share * shown;
      bound();
      draw();
    };
    const bound = () => { from = Math.max(0, Math.min(from, model.time - span)); };

    const slots = () => [...model.slots.values()].sort((a, b) =>
      a.name.localeCompare(b.name, undefined, { numeric: true }));
    const rowHeight = (count) => Math.max(4, Math.min(20, Math.floor(6000 / Math.max(count, 1))));

    const draw = () => {
      const all = slots();
      const width = root.clientWidth;
      if (width === 0) return; // not shown
      const row = rowHeight(all.length);
      const height = scale + row * all.length + 2;
      const dense = globalThis.devicePixelRatio || 1;
      canvas.width = width * dense;
      canvas.height = height * dense;
      canvas.style.height = `${height}px`;
      const style = getComputedStyle(root);
      const colour = (name) => style.getPropertyValue(`--${name}`) || "grey";
      const brush = canvas.getContext("2d");
      brush.scale(dense, dense);
      brush.font = "12px system-ui, sans-serif";
      brush.textBaseline = "middle";
      const [begin, shown] = range();
      const x = (seconds) => labels + ((seconds - begin) / shown) * (width - labels);
      brush.fillStyle = colour("quiet");
      const step = stepFor(shown, width - labels);
      for (let at = Math.ceil(begin / step) * step; at <= begin + shown; at += step) {
        brush.fillRect(x(at), 0, 1, height);
        brush.fillText(xgrid.seconds(at), x(at) + 3, scale / 2);
      }
      const fills = Object.fromEntries(xgrid.outcomes.map((name) => [name, colour(name)]));
      all.forEach((slot, place) => {
        const y = scale + place * row;
        brush.fillStyle = colour("text");
        if (row >= 12) brush.fillText(slot.name, 2, y + row / 2, labels - 6);
        // While it was there.
        brush.fillStyle = colour("line");
        const up = Math.max(labels, x(slot.upAt === undefined ? 0 : slot.upAt));
        const down = x(slot.downAt === undefined ? model.time : slot.downAt);
        brush.fillRect(up, y + row / 2 - 0.5, Math.max(0, down - up), 1);
        let covered = -1; // pixels; bars too narrow to be seen are one
        for (let i = firstBar(slot.bars, begin); i < slot.bars.length; ++i) {
          const bar = slot.bars[i];
          if (bar.start > begin + shown) break;
          const left = Math.max(labels, x(bar.start));
          const right = Math.max(left + 1, x(bar.end) - (row >= 12 ? 0.5 : 0));
          if (right <= covered && !xgrid.isFailure(bar.outcome)) continue;
          covered = right;
          brush.fillStyle = fills[bar.outcome] || "grey";
          brush.fillRect(left, y + 1, right - left, Math.max(1, row - 2));
        }
      });
      for (const test of model.tests) {
        const open = test.outcome === "running" || test.outcome === "unfinished";
        if (!open || test.startedAt === undefined) continue;
        const place = all.findIndex((slot) => slot.name === test.worker);
        if (place < 0) continue;
        brush.fillStyle = fills[test.outcome];
        const left = Math.max(labels, x(test.startedAt));
        brush.fillRect(left, scale + place * row + 1, Math.max(1, x(model.time) - left), row - 2);
      }
      canvas.setAttribute("aria-label",
        `${all.length} slots over ${xgrid.seconds(model.time)}; the table below says the same`);
      slotRows.replaceChildren(...all.slice(0, 500).map((slot) => element("tr", {},
        element("th", { scope: "row" }, slot.name),
        ...[slot.environment, slot.host, slot.bars.length, xgrid.seconds(slot.busy),
          `${Math.round((100 * slot.busy) / Math.max(model.time, 1e-6))}%`]
          .map((text) => element("td", {}, String(text))))));
    };

    // The first bar that ends after that.
    const firstBar = (bars, seconds) => {
      let low = 0;
      let high = bars.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (bars[middle].end < seconds) low = middle + 1;
        else high = middle;
      }
      return low;
    };

    const under = (event) => {
      const [begin, shown] = range();
      const seconds = begin + ((event.offsetX - labels) / (root.clientWidth - labels)) * shown;
      const all = slots();
      const slot = all[Math.floor((event.offsetY - scale) / rowHeight(all.length))];
      if (!slot) return [seconds, null];
      const slack = (1.5 * shown) / root.clientWidth;
      const bar = slot.bars[firstBar(slot.bars, seconds - slack)];
      return [seconds, bar && bar.start <= seconds + slack ? bar : null];
    };

    canvas.addEventListener("pointermove", (event) => {
      const [, bar] = under(event);
      canvas.style.cursor = bar ? "pointer" : "";
      told.textContent = bar
        ? `${bar.test.worker}: ${bar.test.id}, ${bar.outcome}, ${xgrid.seconds(bar.end - bar.start)}`
        : "";
    });
    canvas.addEventListener("click", (event) => {
      const [, bar] = under(event);
      if (bar) onOpen(bar.test);
    });
    // With Ctrl, as maps do: without it the page scrolls.
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.5 : 1 / 1.5, under(event)[0]);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const acts = {
        "+": () => zoom(2), "=": () => zoom(2), "-": () => zoom(0.5), 0: reset,
        ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25),
      };
      if (!(event.key in acts) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      acts[event.key]();
    });
    new ResizeObserver(draw).observe(root);
    return { element: root, draw };
  };
})();
