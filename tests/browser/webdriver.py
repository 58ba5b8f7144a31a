"""Drives a real browser: as much of the WebDriver protocol (w3.org/TR/webdriver2) as tests of pages need."""

import base64
import contextlib
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how the protocol marks a reference to one
ANSWER_SECONDS = 60  # for one command
WAIT_SECONDS = 30  # for what a page is to show
KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Tab": "\ue004",
    "ArrowUp": "\ue013",
    "ArrowDown": "\ue015",
    "ArrowRight": "\ue014",
    "End": "\ue010",
    "Home": "\ue011",
    "PageDown": "\ue00f",
}


def missing():
    """Why no browser can be driven here, or None."""
    absent = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return "%s: not installed (scripts/setup does it)" % ", ".join(absent) if absent else None


class Browser:
    """Chromium without a window, and the driver that is asked to steer it."""

    def __init__(self, profile):
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver"), "--port=0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.session = None
        try:
            self.port = self._port()
            self.session = "/session/" + self._start(profile)
        except BaseException:
            self.close()
            raise

    def _port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found[1])
        raise RuntimeError("chromedriver ended before it listened")

    def _start(self, profile):
        arguments = [
            "--headless=new",
            "--no-sandbox",  # which root would need
            "--disable-gpu",
            "--disable-dev-shm-usage",  # /dev/shm is small in containers
            "--no-first-run",
            "--disable-background-networking",
            "--user-data-dir=%s" % profile,
            "--window-size=1280,800",
        ]
        options = {"args": arguments, "binary": shutil.which("chromium")}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        return self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        with contextlib.closing(connection):
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError("%s: %s" % (value["error"], value["message"]))
        return value

    def ask(self, command, **body):
        return self._ask("POST", self.session + command, body)

    def close(self):
        """Ends the browser and its driver."""
        if self.session:
            with contextlib.suppress(OSError, RuntimeError, ValueError):
                self._ask("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()
        self.driver.stdout.close()

    # ---- Pages

    def open(self, where):
        """A URL, or a file. Returns when the page is loaded."""
        self.ask("/url", url=where.as_uri() if isinstance(where, pathlib.Path) else where)

    def run(self, script, *arguments):
        """What a function with this body returns in the page."""
        return self.ask("/execute/sync", script=script, args=list(arguments))

    def wait_for(self, script, *arguments):
        """The first true thing that a function with this body returns."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            found = self.run(script, *arguments)
            if found:
                return found
            if time.monotonic() > until:
                raise AssertionError("not within %d s: %s" % (WAIT_SECONDS, script))
            time.sleep(0.01)

    def element(self, selector):
        return self.ask("/element", using="css selector", value=selector)[ELEMENT]

    def text(self, selector):
        """All text of that element, also what is out of sight."""
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def click(self, selector):
        self.ask("/element/%s/click" % self.element(selector))

    def type(self, selector, text):
        self.ask("/element/%s/value" % self.element(selector), text=text)

    def press(self, *keys):
        """Keys, by name or as characters, where the focus is."""
        actions = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.ask("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def troubles(self):
        """What went wrong in pages since the last call."""
        entries = self.ask("/se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    # ---- What readers have

    def _devtools(self, command, **parameters):
        return self.ask("/goog/cdp/execute", cmd=command, params=parameters)

    def prefer(self, scheme):
        """light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._devtools("Emulation.setEmulatedMedia", features=[feature])

    def resize(self, width, height, phone=False):
        self._devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=0,
            mobile=phone,
        )

    def processor_seconds(self):
        """What the page's main thread has taken of a processor: waiting for one is not in it."""
        self._devtools("Performance.enable", timeDomain="threadTicks")
        metrics = self._devtools("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "ThreadTime")

    def screenshot(self, path):
        image = self._ask("GET", self.session + "/screenshot")
        pathlib.Path(path).write_bytes(base64.b64decode(image))
