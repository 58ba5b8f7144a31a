// All that is known of one test: its attempts, tracebacks and output.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const element = (...all) => xgrid.element(...all);

  // Colours of terminals mean nothing here.
  const plain = (text) => text.replace(/\x1b\[[0-9;:]*m/g, "");

  const block = (title, text, open) =>
    element("details", { open },
      element("summary", {}, title), element("pre", { tabindex: 0 }, plain(text)));

  const phaseTitle = (phase) => {
    const place = phase.path ? `, ${phase.path}${phase.line ? `:${phase.line}` : ""}` : "";
    return `${phase.when}: ${phase.category || ""}${place}`;
  };

  const phaseBlocks = (phases) => (phases || [])
    .filter((phase) => phase.text || phase.message || phase.reason)
    .map((phase) => block(phaseTitle(phase), phase.text || phase.message || phase.reason, true));

  const fact = (label, value) =>
    value === "" || value === undefined || value === null
      ? [] : [element("dt", {}, label), element("dd", {}, String(value))];

  const parts = (seconds) => {
    const [setup, call, teardown] = seconds.map(xgrid.seconds);
    return `setup ${setup}, call ${call}, teardown ${teardown}`;
  };

  // {element, show(test, several), close()}; onClose() is called when it is closed by its reader.
  xgrid.createDetails = (onClose) => {
    const title = element("h3", { tabindex: -1 });
    const content = element("div");
    const pane = element("section", { class: "details", "aria-label": "Test", hidden: true },
      element("div", { class: "head" }, title,
        element("button", { type: "button", class: "close", onclick: () => close() }, "Close")),
      content);
    let shown = null;
    let drawn = "";

    const draw = () => {
      const test = shown;
      const now = [test.outcome, test.attempts.length, (test.phases || []).length].join();
      if (now === drawn) return; // what is being read stays as it is
      drawn = now;
      title.textContent = test.id;
      const earlier = test.attempts.filter((attempt) => attempt.phases !== test.phases);
      const facts = element("dl", {},
        ...fact("Outcome", test.crashed ? `${test.outcome} (crashed)` : test.outcome),
        ...fact("Why", test.message),
        ...fact("Duration", xgrid.seconds(test.duration)),
        ...fact("Phases", test.seconds ? parts(test.seconds) : ""),
        ...fact("Slot", test.worker),
        ...fact("Environment", test.environment),
        ...fact("Flaky", test.flaky ? "it has failed and passed in this run" : ""),
        ...fact("Quarantine", test.quarantine
          ? Object.entries(test.quarantine).map(([key, value]) => `${key}: ${value}`).join("\n")
          : ""),
        ...fact("Attempt", test.attempt > 1 ? test.attempt : ""));
      content.replaceChildren(facts, ...phaseBlocks(test.phases),
        ...(test.sections || []).map(([name, text]) => block(name, text, true)));
      earlier.forEach((attempt, place) => {
        content.append(element("h4", {}, `Attempt ${attempt.attempt || place + 1}: ` +
          `${attempt.outcome} on ${attempt.worker || "no slot"}`));
        content.append(...phaseBlocks(attempt.phases));
        for (const [name, text] of attempt.sections || []) content.append(block(name, text, false));
      });
    };

    const close = () => {
      if (shown === null) return;
      shown = null;
      pane.hidden = true;
      onClose();
    };
    pane.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });

    return {
      element: pane,
      show: (test) => {
        shown = test;
        drawn = "";
        pane.hidden = false;
        draw();
        pane.scrollTop = 0;
        title.focus({ preventScroll: true });
      },
      refresh: () => { if (shown !== null) draw(); },
      close,
    };
  };
})();
