"""A broker that asks for no keys, with workers and a project whose runs go there."""

import json
import os
import re
import signal
import subprocess

import grid
from brokers import free_port


class Team:
    """A broker with its workers, and a project whose runs go there."""

    def __init__(self, tmp_path, mark):
        self.tmp_path = tmp_path
        self.env = {**os.environ, **mark.env}
        for name in [name for name in self.env if name.startswith(("PYTEST_", "XGRID_"))]:
            del self.env[name]
        self.endpoint = "tcp://127.0.0.1:%d" % free_port()
        self.project = grid.Project(tmp_path / "project")
        self.processes = []
        self.start("broker", "--bind", self.endpoint, "--data", tmp_path / "data")

    def start(self, role, *args):
        cache = self.tmp_path / ("%s-cache-%d" % (role, len(self.processes)))
        grid.share(cache, grid.COMPILED)
        env = {**self.env, "XGRID_CACHE_HOME": str(cache)}
        command = [grid.XGRID, role, *map(str, args)]
        process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
        self.processes.append(process)
        return process

    def work(self, *args, slots=2):
        process = self.start("worker", "--broker", self.endpoint, "--slots", slots, *args)
        assert grid.until(lambda: len(self.ask("workers")) >= len(self.processes) - 1)
        return process

    def end(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)

    def begin(self, name, *args, cwd=None, **env):
        """A subcommand as a process of its own."""
        return subprocess.Popen(
            [grid.XGRID, name, *map(str, args), "--broker", self.endpoint],
            cwd=str(cwd or self.tmp_path),
            env={**self.project.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def do(self, name, *args, **more):
        return grid.ended(self.begin(name, *args, **more))

    def ask(self, name, *args):
        done = self.do(name, *args, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def submit(self, *args, **more):
        return self.project.submit("-n", 2, "--broker", self.endpoint, *args, **more)

    def start_submit(self, *args, **env):
        return self.project.start("-n", 2, "--broker", self.endpoint, *args, **env)

    def detach(self, *args):
        """The run's id, as it is shown."""
        done = grid.ended(self.start_submit("--detach", *args))
        assert done.code == 0, done.out + done.err
        return re.match(r"run ([0-9a-f]{8}) is handed in\n", done.out)[1]

    def show(self, name, *args, **more):
        """attach or rerun, with the events that it tells of."""
        events = self.tmp_path / ("events-%s-%d.jsonl" % (name, len(list(self.tmp_path.iterdir()))))
        return grid.ended(self.begin(name, *args, "--json", events, **more), events)

    def state(self, run):
        found = [one["state"] for one in self.ask("runs") if one["run"].startswith(run)]
        return found[0] if found else None
