// The pages of a broker: its runs, one run, its workers, its tests. The part after # says which.
"use strict";

(function () {
  const xgrid = globalThis.xgrid;
  const element = (...all) => xgrid.element(...all);
  const main = document.getElementById("main");
  const connection = document.getElementById("connection");
  const listSeconds = 2;
  const asked = 10; // of runs that wait, so many are asked why

  let stops = []; // what the page that is shown has begun

  xgrid.onConnection = (text) => {
    connection.classList.toggle("trouble", text !== "");
    if (connection.textContent !== text) connection.textContent = text;
  };

  xgrid.onToken = (file) => new Promise((done) => {
    const input = element("input", { type: "password", id: "token", required: true,
      autocomplete: "current-password" });
    const form = element("form", { class: "asks" },
      element("label", { for: "token" },
        `This needs a token: the one in the file ${file} in the broker's folder.`),
      input, element("button", { type: "submit" }, "Go on"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      xgrid.setToken(input.value.trim());
      form.remove();
      main.hidden = false;
      done();
    });
    main.hidden = true;
    main.before(form);
    input.focus();
  });

  const many = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

  // ---- All runs

  const askWhy = async (waiting, reasons) => {
    for (const run of waiting.slice(0, asked)) {
      const answer = await xgrid.ask(`/api/why?run=${encodeURIComponent(run.run)}`);
      if (answer) reasons.set(run.run, answer.why);
    }
  };

  const wantedText = (wanted) => wanted.map(({ labels, slots }) => {
    const names = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    return `${many(slots, "slot")}${names.length > 0 ? ` with ${names.join(", ")}` : ""}`;
  }).join("; ");

  const showRuns = () => {
    const summary = element("p", { class: "summary" });
    const wanted = element("p", { class: "quiet" });
    const reasons = new Map();
    const open = xgrid.createRunList("Runs that are not over", false, reasons);
    const over = xgrid.createRunList("Runs that are over", true);
    const openTitle = element("h2", {}, "Open");
    const overTitle = element("h2", {}, "Over");
    main.replaceChildren(element("h1", {}, "Runs"), summary, wanted, openTitle, open.element,
      overTitle, over.element);
    stops.push(xgrid.poll("/api/overview", listSeconds, async (overview) => {
      const isOpen = (run) => run.state !== "over";
      const waiting = overview.runs.filter((run) => run.state === "waits");
      const slots = overview.workers.reduce((sum, worker) => sum + worker.slots, 0);
      const used = overview.workers.reduce((sum, worker) => sum + worker.used, 0);
      const running = overview.runs.filter((run) => run.state === "runs");
      summary.textContent = `${many(running.length, "run")} going on, ${waiting.length} waiting. ` +
        `${many(overview.workers.length, "worker")}, ${used} of ${many(slots, "slot")} in use.`;
      wanted.textContent = overview.wanted.length > 0
        ? `Wanted and not there: ${wantedText(overview.wanted)}.` : "";
      const draw = () => open.set(overview.runs.filter(isOpen));
      draw();
      openTitle.hidden = open.element.hidden = !overview.runs.some(isOpen);
      over.set(overview.runs.filter((run) => !isOpen(run)));
      overTitle.hidden = over.element.hidden = overview.runs.every(isOpen);
      for (const id of reasons.keys()) {
        if (!waiting.some((run) => run.run === id)) reasons.delete(id);
      }
      try {
        await askWhy(waiting, reasons);
        draw();
      } catch { /* the next look tells */ }
    }));
  };

  // ---- One run

  const factsOf = (run) => {
    const facts = [`by ${run.user || "somebody"}${run.host ? ` from ${run.host}` : ""}`];
    if (run.project) facts.push(`project ${run.project}`);
    if (run.priority !== 0) facts.push(`priority ${run.priority}`);
    facts.push(`submitted ${xgrid.roughTime(run.age)} ago`);
    if (run.state === "over") facts.push(`took ${xgrid.roughTime(run.took)}`);
    else facts.push(`${many(run.slots, "slot")}, ${run.slots_wanted} more wanted`);
    return facts;
  };

  const showRun = (id) => {
    const title = element("h1", {}, `Run ${id.slice(0, 8)}`);
    const state = element("span", { class: "state" });
    const facts = element("ul", { class: "facts" });
    const why = element("div");
    const trouble = element("p", { class: "wrong", role: "alert" });
    const holder = element("div");
    const cancel = element("button", { type: "button", hidden: true, onclick: async () => {
      if (!confirm("Cancel this run? Tests that run are stopped.")) return;
      cancel.disabled = true;
      const done = await xgrid.tell(`/api/cancel?run=${encodeURIComponent(id)}`);
      cancel.disabled = false;
      trouble.textContent = done ? "" : "The run could not be cancelled.";
    } }, "Cancel the run");
    main.replaceChildren(title, facts, cancel, why, trouble, holder);
    const results = globalThis.createResults(holder);
    let whyText = "";
    stops.push(xgrid.poll(`/api/why?run=${encodeURIComponent(id)}`, listSeconds, (run) => {
      if (!run) return false;
      title.textContent = run.title || `Run ${id}`;
      document.title = `${run.title || id} – xgrid`;
      const [word, hue] = xgrid.stateOf(run);
      state.textContent = word;
      state.className = `state ${hue}`;
      cancel.hidden = run.state === "over";
      const items = factsOf(run).map((fact) => element("li", {}, fact));
      facts.replaceChildren(element("li", {}, state), ...items);
      const text = run.state === "over" ? run.reason || "" : run.why.join("\n");
      if (text !== whyText) {
        whyText = text;
        why.replaceChildren(text === "" ? "" : xgrid.reasonsOf(text.split("\n")));
      }
      return run.state !== "over";
    }));
    let begun = false;
    const finish = (event) => {
      const model = results.model;
      const done = model.total === 0 ? 5 : model.failures > 0 ? 1 : 0;
      return { ...event, exit_code: event.end === "completed" ? done : event.exit_code,
        wall: event.at === undefined ? model.time : event.at };
    };
    stops.push(xgrid.follow(id, (part) => {
      trouble.textContent = "";
      if (!begun) {
        begun = true;
        results.add({ event: "run_started", run: part.run, tree: part.tree, each: part.each,
          environments: part.environments });
      }
      for (const event of part.events) {
        results.add(event.event === "run_finished" ? finish(event) : event);
      }
      if (part.last) results.close();
    }, () => {
      trouble.textContent = begun ? "The broker does not know this run any more."
        : `There is no run ${id} here.`;
    }));
  };

  // ---- Workers

  const showWorkers = () => {
    const summary = element("p", { class: "summary" });
    const list = xgrid.createWorkerList("Workers");
    main.replaceChildren(element("h1", {}, "Workers"), summary, list.element);
    stops.push(xgrid.poll("/api/workers", listSeconds, (workers) => {
      const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
      const used = workers.reduce((sum, worker) => sum + worker.used, 0);
      summary.textContent = workers.length === 0 ? "No worker is there."
        : `${many(workers.length, "worker")}, ${used} of ${many(slots, "slot")} in use.`;
      list.element.hidden = workers.length === 0;
      list.set(workers);
    }));
  };

  // ---- Which

  const pages = [
    [/^#\/run\/(.+)$/, (id) => showRun(decodeURIComponent(id)), ""],
    [/^#\/workers$/, showWorkers, "Workers"],
    [/^#\/tests(?:\/(.*))?$/, (words) =>
      stops.push(xgrid.showHistory(main, decodeURIComponent(words || ""))), "Tests"],
    [/^(#\/?)?$/, showRuns, "Runs"],
  ];

  const route = (focuses) => {
    const page = pages.find(([pattern]) => pattern.test(location.hash));
    if (!page) return; // a place in the page that is shown
    stops.forEach((stop) => stop());
    stops = [];
    document.title = page[2] === "" ? "xgrid" : `${page[2]} – xgrid`;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.textContent === page[2]) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    page[1](...location.hash.match(page[0]).slice(1));
    if (!focuses) return;
    main.focus();
    scrollTo(0, 0);
  };
  addEventListener("hashchange", () => route(true));
  route(false);
})();
