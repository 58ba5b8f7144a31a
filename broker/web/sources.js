// Where the page has its facts from: answers of the broker, and the events of a run.
//
//   xgrid.poll(path, seconds, onValue)   -> stop()
//   xgrid.follow(run, onPart, onUnknown) -> stop()
//
// Both go on by themselves when the broker was away; xgrid.onConnection(text) hears of that, and
// xgrid.onToken(file) -> promise is asked for the token in that file when it is needed.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const tokenName = "xgrid-token";
  const retryFirst = 500; // milliseconds
  const retryLast = 5000;
  const busyMilliseconds = 40; // at a time, so that the page is drawn while it reads

  const storage = () => { try { return sessionStorage; } catch { return null; } };
  const headers = () => {
    const token = storage() && storage().getItem(tokenName);
    return token ? { Authorization: `Bearer ${token}` } : {};
  };
  xgrid.setToken = (token) => { if (storage()) storage().setItem(tokenName, token); };

  const connected = (text = "") => xgrid.onConnection(text);
  const sleep = (time) => new Promise((done) => setTimeout(done, time));

  let asking = null; // only once, however many need it
  const askForToken = (file) => {
    asking = asking || Promise.resolve(xgrid.onToken(file)).finally(() => { asking = null; });
    return asking;
  };

  const get = async (path, more, signal) => {
    while (true) {
      const response = await fetch(path, { headers: { ...headers(), ...more }, signal, cache: "no-store" });
      if (response.status !== 401) return response;
      await askForToken("http-token");
    }
  };

  // Has the broker do something; whether it did. Needs the administrator's token.
  xgrid.tell = async (path) => {
    try {
      while (true) {
        const response = await fetch(path, { method: "POST", headers: headers() });
        if (response.status !== 401) return response.ok;
        await askForToken("http-admin-token");
      }
    } catch {
      return false;
    }
  };

  // One answer; null: there is none of that.
  xgrid.ask = async (path, signal) => {
    const response = await get(path, {}, signal);
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  };

  // What goes on until it is stopped, again and again while the broker is away.
  const goOn = (step) => {
    const control = new AbortController();
    const run = async () => {
      let retry = retryFirst;
      while (!control.signal.aborted) {
        try {
          if (await step(control.signal, () => { retry = retryFirst; })) return;
        } catch (error) {
          if (control.signal.aborted) return;
          connected("The broker does not answer. Trying again …");
          await sleep(retry);
          retry = Math.min(2 * retry, retryLast);
        }
      }
    };
    run();
    return () => control.abort();
  };

  const untilSeen = () => new Promise((done) => {
    if (!document.hidden) return done();
    document.addEventListener("visibilitychange", done, { once: true });
  });

  xgrid.poll = (path, seconds, onValue) => goOn(async (signal, well) => {
    await untilSeen();
    const value = await xgrid.ask(path, signal);
    if (signal.aborted) return true;
    well();
    connected();
    const last = onValue(value) === false;
    if (!last) await sleep(1000 * seconds);
    return last;
  });

  // Calls onMessage(id, kind, data) for each message of a stream of server-sent events.
  const readStream = async (response, onMessage) => {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let searched = 0;
    let busySince = performance.now();
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      let from = 0;
      for (let end = text.indexOf("\n\n", searched); end >= 0; end = text.indexOf("\n\n", from)) {
        const message = {};
        for (const line of text.slice(from, end).split("\n")) {
          const colon = line.indexOf(":");
          if (colon > 0) message[line.slice(0, colon)] = line.slice(colon + 2);
        }
        from = end + 2;
        if (message.data !== undefined) onMessage(message.id, message.event, message.data);
        if (performance.now() < busySince + busyMilliseconds) continue;
        await sleep(0);
        busySince = performance.now();
      }
      text = text.slice(from);
      searched = Math.max(0, text.length - 1);
    }
  };

  xgrid.follow = (run, onPart, onUnknown) => {
    let last = "0";
    return goOn(async (signal, well) => {
      const response = await get(`/api/stream?run=${encodeURIComponent(run)}`,
        { "Last-Event-ID": last }, signal);
      if (!response.ok) throw new Error(`status ${response.status}`);
      well();
      connected();
      let over = false;
      await readStream(response, (id, kind, data) => {
        if (signal.aborted) return;
        if (kind === "unknown") {
          over = true;
          onUnknown();
          return;
        }
        const part = JSON.parse(data);
        last = id;
        over = part.last;
        onPart(part);
      });
      if (!over) throw new Error("the stream has ended before the run did");
      return true;
    });
  };
})();
