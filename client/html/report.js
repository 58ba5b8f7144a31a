// Shows the events that this file holds. They are its last part, and may end anywhere: a line that
// is not whole is none.
"use strict";

(function () {
  const busyMilliseconds = 40; // at a time, so that the page answers while it reads

  const start = () => {
    const holder = document.getElementById("events");
    const text = holder === null ? "" : holder.textContent;
    const title = document.getElementById("title");
    const about = document.getElementById("about");
    const results = globalThis.createResults(document.getElementById("results"));
    let at = 0;

    const describe = (event) => {
      title.textContent = `xgrid submit ${(event.command || []).slice(1).join(" ")}`;
      document.title = title.textContent;
      about.textContent = ["Begun " + event.started, `run ${event.run}`,
        event.tree ? `tree ${event.tree}` : ""].filter((one) => one !== "").join(", ");
    };

    const read = () => {
      const until = performance.now() + busyMilliseconds;
      while (at < text.length && performance.now() < until) {
        let end = text.indexOf("\n", at);
        if (end < 0) end = text.length;
        const line = text.slice(at, end);
        at = end + 1;
        let event = null;
        try {
          event = JSON.parse(line);
        } catch {
          continue;
        }
        if (event === null || typeof event !== "object") continue;
        if (event.event === "run_started") describe(event);
        results.add(event);
      }
      if (at < text.length) {
        setTimeout(read);
        return;
      }
      results.close();
      document.documentElement.dataset.read = "all";
    };
    read();
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
