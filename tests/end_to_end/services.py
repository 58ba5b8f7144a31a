"""A broker as a service: with its broker.toml, and what it answers to HTTP."""

import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import grid

import brokers


class Service(brokers.Broker):
    """With a broker.toml in its folder; started with nothing that would override it."""

    def __init__(self, path, text="", *args, asks=False):
        (path / "data").mkdir(parents=True)
        self.config = path / "data" / "broker.toml"
        self.config.write_text(text)
        super().__init__(path, *args, asks=asks)

    def read_again(self, text, says="goes on with the rules in"):
        """What it has said since."""
        before = self.said
        self.config.write_text(text)
        self.process.process.send_signal(signal.SIGHUP)
        assert grid.until(lambda: says in self.said[len(before) :]), self.said
        return self.said[len(before) :]

    @property
    def said(self):
        return self.process.err.read_text()

    @property
    def http(self):
        """HOST:PORT"""
        assert self.process.says("answers to HTTP on ")
        return re.search(r"answers to HTTP on (\S+?);?\s", self.said).group(1)

    def get(self, path, token=None, method="GET", **headers):
        """Status and text."""
        if token:
            headers["Authorization"] = "Bearer " + token
        host = self.http.replace("0.0.0.0", "127.0.0.1")
        request = urllib.request.Request(
            "http://%s%s" % (host, path), headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def desired(self, path="/desired", **more):
        status, text = self.get(path, **more)
        assert status == 200, text
        return json.loads(text)

    def send(self, data, seconds=30):
        """What comes back for these bytes, until it closes; None: the connection was broken."""
        host, port = self.http.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=seconds) as one:
            try:
                one.sendall(data)
                answer = b""
                while True:
                    more = one.recv(65536)
                    if not more:
                        return answer
                    answer += more
            except (BrokenPipeError, ConnectionResetError):
                return None

    def ask(self, name, *args):
        done = subprocess.run(
            [grid.XGRID, name, *args, "--json", "--broker", self.endpoint],
            stdout=subprocess.PIPE,
            timeout=grid.DEADLINE_SECONDS,
            check=True,
        )
        return json.loads(done.stdout)
