// Tests by environment, where each environment has verdicts of its own.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const element = (...all) => xgrid.element(...all);

  // What tells environments apart where something failed on some only.
  const differences = (matrix) => {
    const items = (matrix ? matrix.groups : [])
      .filter((group) => group.differences && group.differences.length > 0)
      .map((group) => element("li", {},
        `${group.tests.length === 1 ? group.tests[0].id : `${group.tests.length} tests`} failed on ` +
        `${group.failed.join(", ")} and not on ${group.passed.join(", ")}: ` +
        group.differences.map((one) =>
          `${one.name} is ${one.failed.join(" or ")} there, ${one.passed.join(" or ")} elsewhere`)
          .join("; ")));
    return items.length > 0 ? element("ul", { class: "differences" }, ...items) : "";
  };

  xgrid.createMatrix = (model, onOpen) => {
    const only = element("input", { type: "checkbox", onchange: () => draw() });
    const why = element("div");
    const counted = element("p", { "aria-live": "polite" });
    const rows = xgrid.createRows({
      caption: "Tests by environment", columns: [], onSort: () => {},
      onOpen: (row) => onOpen(row.worst),
    });
    const root = element("div", { class: "matrix" },
      element("div", { class: "tools" },
        element("label", {}, only, " Only tests that did not go alike everywhere"), counted),
      why, rows.element);
    let words = [];
    let environments = "";

    const cell = (row, name) => {
      const test = row.cells.get(name);
      if (!test) return element("span", { class: "badge" }, "not there");
      return element("button", {
        type: "button", tabindex: -1, class: `badge ${test.outcome}`, onclick: () => onOpen(test),
        "aria-label": `${test.outcome} on ${name}`,
      }, test.outcome);
    };

    const draw = () => {
      const names = model.environments;
      if (environments !== names.join("\n")) {
        environments = names.join("\n");
        rows.setColumns([
          { key: "id", label: "Test", class: "name", names: true, cell: (row) => row.id },
          ...names.map((name) => ({ key: name, label: name, class: "cell",
            cell: (row) => cell(row, name) })),
        ]);
      }
      const found = new Map();
      for (const test of model.tests) {
        const key = `${test.occurrence}\n${test.id}`;
        let row = found.get(key);
        if (!row) {
          row = { id: test.id, cells: new Map(), worst: test, outcomes: new Set(), words: test };
          found.set(key, row);
        }
        row.cells.set(test.environment, test);
        row.outcomes.add(test.outcome);
        if (xgrid.isFailure(test.outcome) && !xgrid.isFailure(row.worst.outcome)) row.worst = test;
      }
      const all = [...found.values()];
      const wanted = all.filter((row) =>
        words.every((word) => xgrid.wordsOf(row.words).includes(word)) &&
        (!only.checked || row.outcomes.size > 1 || row.cells.size < names.length));
      counted.textContent = `${wanted.length} of ${all.length} tests`;
      why.replaceChildren(differences(model.matrix));
      rows.setRows(wanted);
    };

    return { element: root, draw, search: (wanted) => { words = wanted; } };
  };
})();
