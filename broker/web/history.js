// What the broker knows of tests from earlier runs: those that are flaky, and any that is asked for.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const element = (...all) => xgrid.element(...all);
  const letters = { passed: ".", failed: "F", error: "E", skipped: "s", xfailed: "x",
    xpassed: "X" };

  const dayOf = (seconds) => seconds > 0 ? new Date(1000 * seconds).toLocaleString() : "";
  const runLink = (run) =>
    element("a", { href: `#/run/${encodeURIComponent(run)}` }, run.slice(0, 8));

  // The last outcomes, the oldest first: letters for who sees, words for who hears.
  const stripOf = (test) => {
    const strip = element("span", { class: "strip", role: "img", "aria-label":
      `the last outcomes, the newest first: ${test.last.map((one) => one.outcome).join(", ")}` });
    for (const one of [...test.last].reverse()) {
      const letter = element("span", { class: one.outcome }, letters[one.outcome] || "?");
      letter.title = `${one.outcome}, ${dayOf(one.at)}`;
      strip.append(letter);
    }
    return strip;
  };

  const proofsOf = (test) => {
    if (test.proofs.length === 0) {
      return element("span", {}, test.suspected ? "may be: both outcomes, with other code" : "no");
    }
    const [proof] = test.proofs;
    const text = element("span", {}, `since ${dayOf(test.proofs[test.proofs.length - 1].at)}: with the same code, `,
      "passed in ", runLink(proof.passed_run), " and failed in ", runLink(proof.failed_run));
    if (test.proofs.length > 1) text.append(`, and ${test.proofs.length - 1} times more`);
    return text;
  };

  const changesOf = (test) => test.changes
    .map((one) => `${one.path} (${one.failures} of ${one.runs} runs)`).join(", ");

  const columns = [
    { label: "Test", class: "wide", names: true, show: (test) =>
      test.id + (test.occurrence > 0 ? ` (${test.occurrence + 1})` : "") },
    { label: "Flaky", class: "wide", key: (test) => JSON.stringify([test.proofs, test.suspected]),
      show: proofsOf },
    { label: "Last", key: (test) => JSON.stringify(test.last), show: stripOf },
    { label: "Failed", class: "number", show: (test) => `${test.failures} of ${test.verdicts}` },
    { label: "Fails when these change", class: "wide rest", show: changesOf },
    { label: "Duration", class: "number rest", show: (test) => xgrid.seconds(test.duration) },
    { label: "Environment", class: "rest", show: (test) => test.environment },
    { label: "Project", class: "rest", show: (test) => test.project },
    { label: "First seen", class: "rest", show: (test) => dayOf(test.first_seen) },
  ];

  // `words`: a part of tests' ids; empty: those that are flaky.
  xgrid.showHistory = (main, words) => {
    const search = element("input", { type: "search", id: "test", autocomplete: "off",
      spellcheck: "false", placeholder: "part of a test's id" });
    search.value = words;
    const form = element("form", { role: "search", class: "asked" },
      element("label", { for: "test" }, "Test "), search,
      element("button", { type: "submit" }, "Show"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      location.hash = search.value === "" ? "#/tests" : `#/tests/${encodeURIComponent(search.value)}`;
    });
    const told = element("p", { class: "quiet", role: "status" }, "Looks …");
    const list = xgrid.createList("Tests", columns,
      (test) => JSON.stringify([test.project, test.unit, test.id, test.occurrence, test.environment]));
    main.replaceChildren(element("h1", {}, "Tests"), form, told, list.element);
    const path = words === "" ? "/api/flakes" : `/api/history?test=${encodeURIComponent(words)}`;
    return xgrid.poll(path, 5, (tests) => {
      list.element.hidden = tests.length === 0;
      list.set(tests);
      const none = words === "" ? "No test is known to be flaky." : "No such test has run here.";
      told.textContent = tests.length === 0 ? none
        : words === "" ? `${tests.length} flaky or under suspicion` : `${tests.length} found`;
      return words === "";
    });
  };
})();
