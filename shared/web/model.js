// What the events of a run come to: its tests, slots and messages. Knows nothing of pages.
//
// Events are the objects of `xgrid submit --json`, in order; what they lack is unknown. An object
// that says more (`at`, `phases`, `sections`, `seconds`) makes the picture fuller.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});

  // From what wants to be read first to what does not.
  xgrid.outcomes = [
    "failed", "error", "failing", "running", "xpassed", "xfailed", "skipped", "passed", "waiting",
    "unfinished",
  ];
  xgrid.isFailure = (outcome) =>
    outcome === "failed" || outcome === "error" || outcome === "failing";

  class Model {
    constructor() {
      this.run = {}; // what run_started says
      this.tests = []; // in the order in which they became known
      this.counts = Object.fromEntries(xgrid.outcomes.map((outcome) => [outcome, 0]));
      this.slots = new Map(); // by name
      this.messages = []; // {kind, who, text}
      this.ends = new Map(); // what environment_ended says, by environment
      this.matrix = null; // what the event of that name says
      this.finished = null; // what run_finished says
      this.time = 0; // seconds since the run began, as far as events tell
      this.closed = false;
      this.changes = 0;
      this.byKey = new Map();
    }

    add(event) {
      const hear = this["on_" + event.event];
      if (typeof event.at === "number") this.time = Math.max(this.time, event.at);
      if (typeof hear !== "function") return; // of a later version
      hear.call(this, event);
      ++this.changes;
    }

    // No more events will come.
    close() {
      this.closed = true;
      ++this.changes;
      for (const test of this.tests) {
        if (test.outcome === "running" || test.outcome === "failing") {
          this.become(test, test.outcome === "failing" ? "failed" : "unfinished");
        }
      }
    }

    get total() { return this.tests.length; }
    get done() {
      const { waiting, running, failing, unfinished } = this.counts;
      return this.tests.length - waiting - running - failing - unfinished;
    }
    get failures() { return this.counts.failed + this.counts.error; }
    get environments() {
      if (this.run.environments && this.run.environments.length > 0) return this.run.environments;
      return [...new Set(this.tests.map((test) => test.environment))];
    }

    on_run_started(event) { this.run = event; }

    on_unit_loaded(event) {
      for (const one of event.tests) this.find(one, event.environment, event.unit);
    }

    on_test_started(event) {
      const test = this.find(event, event.environment);
      test.worker = event.worker;
      test.environment = event.environment || test.environment;
      test.startedAt = event.at;
      // One that has failed and runs again is known to have failed.
      if (test.outcome === "waiting") this.become(test, "running");
    }

    on_test_failing(event) {
      const test = this.find(event, event.environment);
      test.attempts.push(event);
      this.fill(test, event);
      this.become(test, "failing");
    }

    on_test_finished(event) {
      const test = this.find(event, event.environment);
      this.fill(test, event);
      this.become(test, event.outcome);
    }

    on_teardown_failed(event) {
      const test = this.find(event, event.environment);
      test.phases = [...(test.phases || []), ...(event.phases || [])];
      test.message = test.message || event.message;
      test.words = null;
      if (!xgrid.isFailure(test.outcome)) this.become(test, "error");
    }

    on_worker_up(event) {
      const slot = this.slot(event.worker, event.environment);
      Object.assign(slot, { host: event.host, python: event.python, platform: event.platform });
      slot.upAt = slot.upAt === undefined ? event.at : slot.upAt;
    }

    on_worker_down(event) {
      this.slot(event.worker, event.environment).downAt = event.at;
      if (event.reason) this.say("slot lost", event.worker, event.reason);
    }

    on_warning(event) {
      const place = event.path ? ` (${event.path}:${event.line})` : "";
      this.say("warning", event.id || event.worker, `${event.category}: ${event.message}${place}`);
    }

    on_note(event) { this.say("note", event.worker, event.text); }
    on_output(event) { this.say(event.stream, event.worker, event.text); }
    on_environment_ended(event) {
      this.ends.set(event.environment, event);
      if (event.reason) this.say("environment", event.environment, event.reason);
    }
    on_matrix(event) { this.matrix = event; }
    on_run_finished(event) {
      this.finished = event;
      if (event.reason) this.say("run", "", event.reason);
      this.close();
    }

    say(kind, who, text) { this.messages.push({ kind, who: who || "", text }); }

    find(name, environment, unit) {
      const place = this.run.each ? environment : "";
      const key = `${place}\n${name.occurrence || 0}\n${name.id}`;
      let test = this.byKey.get(key);
      if (test === undefined) {
        test = {
          id: name.id, occurrence: name.occurrence || 0, environment, unit, outcome: "waiting",
          worker: "", message: "", attempts: [], number: this.tests.length, words: null,
        };
        this.byKey.set(key, test);
        this.tests.push(test);
        ++this.counts.waiting;
      }
      return test;
    }

    fill(test, event) {
      test.worker = event.worker || test.worker;
      test.environment = event.environment || test.environment;
      test.duration = event.duration;
      if (test.duration === undefined && event.seconds) {
        test.duration = event.seconds.reduce((sum, one) => sum + one, 0);
      }
      if (event.crashed && test.duration === 0) test.duration = undefined; // nobody measured it
      test.message = event.message || "";
      test.attempt = event.attempt;
      test.crashed = event.crashed;
      test.flaky = event.flaky;
      test.quarantine = event.quarantine;
      test.seconds = test.duration === undefined ? undefined : event.seconds;
      test.phases = event.phases;
      test.sections = event.sections;
      test.words = null;
      if (test.worker) this.place(test, event);
    }

    // What happened at once is heard of at once: bars of a slot stand one behind the other, as long
    // as their tests took, and as near as that allows to when they were heard of.
    place(test, event) {
      const slot = this.slot(test.worker, test.environment);
      const length = test.duration === undefined ? event.at - test.startedAt : test.duration;
      if (!(length >= 0)) return; // nobody knows
      const free = slot.bars.length > 0 ? slot.bars[slot.bars.length - 1].end : 0;
      const heard = event.at === undefined ? free : event.at - length;
      const begun = test.startedAt === undefined ? heard : Math.min(heard, test.startedAt);
      const start = Math.max(free, begun, 0);
      const bar = { test, outcome: event.outcome, start, end: start + length };
      slot.bars.push(bar);
      slot.busy += length;
      this.time = Math.max(this.time, bar.end);
    }

    slot(name, environment) {
      let slot = this.slots.get(name);
      if (slot === undefined) {
        slot = { name, environment: environment || "", host: "", bars: [], busy: 0 };
        this.slots.set(name, slot);
      }
      return slot;
    }

    become(test, outcome) {
      if (!(outcome in this.counts)) this.counts[outcome] = 0;
      --this.counts[test.outcome];
      ++this.counts[outcome];
      test.outcome = outcome;
    }
  }

  xgrid.createModel = () => new Model();

  // What a search looks at, in lower case.
  xgrid.wordsOf = (test) => {
    if (test.words === null) {
      const more = (test.flaky ? " flaky" : "") + (test.quarantine ? " quarantined" : "");
      test.words = `${test.id} ${test.message}${more}`.toLowerCase();
    }
    return test.words;
  };

  xgrid.seconds = (value) => {
    if (value === undefined || value === null) return "";
    if (value === 0) return "0 s";
    if (value < 0.0995) return `${(value * 1000).toFixed(value < 0.00995 ? 1 : 0)} ms`;
    if (value < 60) return `${value.toFixed(2)} s`;
    return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  };
})();
