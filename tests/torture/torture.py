"""A broker, four workers and three clients as real processes, with faults from a seed; and the account in the end.

Ends with 0 when nothing was found, 1 with findings. See README.md.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import account
import clients
import faults
import plan
import processes
import projects
import proxy

GAP_SECONDS = 2.5
GONE_SECONDS = 10
ATTACH_SECONDS = 60


def is_of_others(path):
    """Whether pytest has left it, or Python: tempfile tries a folder with a file of four bytes, and may be killed then."""
    if path.name.startswith("pytest-of-"):
        return True
    named = path.is_file() and re.fullmatch("[a-z0-9_]{8}", path.name)
    return bool(named) and path.read_bytes() in (b"", b"blat")


class Mark:
    """Finds the processes that inherited it, whoever their parent is by now."""

    def __init__(self):
        self.env = {"XG_TORTURE_MARK": uuid.uuid4().hex}
        self.bytes = ("XG_TORTURE_MARK=" + self.env["XG_TORTURE_MARK"]).encode()

    def pids(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.bytes in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass  # gone meanwhile
        return found


class Torture:
    def __init__(self, options):
        self.options = options
        # A short name: sockets have paths, too.
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="xgt-", dir=options.dir))
        self.findings = []
        self.mark = Mark()
        self.small = processes.may_mount()
        self.temporary = self.path / "tmp"
        self.temporary.mkdir()
        self.records = self.path / "executions"
        self.log = open(self.path / "torture.log", "w")
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("XGRID", "PYTEST_"))
        }
        self.env = {**env, **self.mark.env, "TMPDIR": str(self.temporary)}
        self.env["XDG_CONFIG_HOME"] = str(self.path / "config")
        self.env["XDG_STATE_HOME"] = str(self.path / "state")

    def say(self, text):
        print(text, flush=True)
        print(text, file=self.log, flush=True)

    def build(self):
        xgrid = self.options.xgrid
        self.projects = projects.make(self.path / "projects", self.records)
        self.proxies = proxy.Proxies()
        self.broker = processes.Broker(xgrid, self.path, self.env, self.small)
        self.peers = {}
        self.workers = []
        for i in range(plan.WORKERS):
            name = "worker%d" % i
            endpoint = self.endpoint_for(name)
            self.workers.append(
                processes.Worker(xgrid, self.path, name, endpoint, self.env, self.small)
            )
        self.begun = time.time()
        until = self.begun + self.options.seconds
        self.clients = []
        for i in range(plan.CLIENTS):
            endpoint = self.endpoint_for("client%d" % i)
            self.clients.append(
                clients.Client(
                    *(i, self.options.seed, xgrid, self.projects, self.path / ("client%d" % i)),
                    *(endpoint, self.broker.endpoint, self.env, until),
                )
            )

    def endpoint_for(self, peer):
        self.peers[peer] = self.proxies.make(self.broker.port)
        return "tcp://127.0.0.1:%d" % self.peers[peer].port

    def torture(self):
        made = faults.Faults(
            *(self.broker, self.workers, self.clients, self.peers, self.proxies),
            *(self.mark, self.say),
        )
        for kind in self.options.without:
            made.left_out[kind] = "as you want it"
        if not self.small:
            for kind in ("full_broker", "full_worker"):
                made.left_out[kind] = "small disks need root"
        if not processes.FAKETIME.exists():
            made.left_out["wall_clock"] = "it needs Debian's package faketime"
        if not processes.has_time_namespaces():
            made.left_out["new_clock"] = "it needs root, and time namespaces"
        for client in self.clients:
            client.start()
        planned = plan.planned(self.options.seed, self.options.seconds, GAP_SECONDS)
        made.play(planned, self.begun)
        for client in self.clients:
            client.join(2 * clients.PATIENCE_SECONDS + 60)
            if client.is_alive():
                self.findings.append("client %d does not come to an end" % client.number)
        self.findings += made.trouble
        return made

    @property
    def runs(self):
        return [run for client in self.clients for run in client.runs]

    def account(self, made):
        # That all of them are over is seen on the way.
        events_of = {run: self.events_of(run) for run in self.runs if run.run is not None}
        executions = projects.executions(self.records)
        seen = collections.Counter()
        for run in self.runs:
            self.findings += ["run %s (%s): %s" % (run.uid, run.run, text) for text in run.trouble]
            if run.run is None:
                seen["runs that never came to the broker"] += 1
                if run.handed_in or any(uid == run.uid for uid, _test in executions):
                    self.findings.append("run %s ran, and the broker does not know it" % run.uid)
                continue
            events = events_of[run]
            one = account.Account(run, events, executions, made.done)
            found = one.check() + self.differences(run, events)
            self.findings += found
            seen["runs"] += 1
            seen["runs that were cancelled"] += int(run.cancelled)
            seen["verdicts"] += sum(event["event"] == "test_finished" for event in events)
            seen["slots that were hit in a run"] += len(one.slot_hits())
        seen["executions"] = sum(map(len, executions.values()))
        seen["executions that never ended"] = sum(
            execution.outcome is None for found in executions.values() for execution in found
        )
        return seen

    def events_of(self, run):
        """All, as the broker tells them now."""
        file = self.path / "account" / (run.uid + ".events")
        file.parent.mkdir(exist_ok=True)
        command = [self.options.xgrid, "attach", run.run, "--broker", self.broker.endpoint]
        with open(self.path / "account" / (run.uid + ".out"), "wb") as out:
            try:
                subprocess.run(
                    [*map(str, command), "--json", file],
                    env=self.env,
                    stdout=out,
                    stderr=out,
                    timeout=ATTACH_SECONDS,
                )
            except subprocess.TimeoutExpired:
                self.findings.append("run %s (%s): attach hangs in the end" % (run.uid, run.run))
        return clients.events_in(file)

    def differences(self, run, events):
        """Whoever followed it saw the same verdicts."""
        final = verdicts_of(events)
        found = []
        for path in run.followed:
            for test, verdict in verdicts_of(clients.events_in(path)).items():
                if final.get(test) != verdict:
                    text = "run %s (%s): %s was shown as %s, and is %s"
                    found.append(text % (run.uid, run.run, test, verdict, final.get(test)))
        return found

    def end(self):
        for worker in self.workers:
            self.end_one(worker, worker.name)
        self.end_one(self.broker, "the broker")
        deadline = time.time() + GONE_SECONDS
        while self.mark.pids() and time.time() < deadline:
            time.sleep(0.1)
        left = self.mark.pids()
        if left:
            commands = [processes.command_of(pid) for pid in left]
            self.findings.append("processes are left: %s" % list(zip(left, commands)))
        files = [path.name for path in self.temporary.iterdir() if not is_of_others(path)]
        if files:
            self.findings.append("files are left in the temporary folder: %s" % files)

    def end_one(self, program, name):
        code = program.end()
        if code != 0:
            self.findings.append("%s ended with %s" % (name, code))

    def clean(self):
        """Whatever happened."""
        for pid in self.mark.pids():
            processes.send(pid, 9)
        for program in [*getattr(self, "workers", []), *self.broker_there()]:
            program.process.wait()
            program.disk.end()
        self.log.close()

    def broker_there(self):
        return [self.broker] if hasattr(self, "broker") else []


def verdicts_of(events):
    return {
        (one["id"], one.get("occurrence", 0)): (one["outcome"], one["attempt"])
        for one in events
        if one["event"] == "test_finished"
    }


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    parser.add_argument("--xgrid", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--dir", default="/tmp", help="where its folder is made")
    parser.add_argument("--plan", action="store_true", help="only show what would be done when")
    parser.add_argument(
        "--keep", action="store_true", help="keep the folder, also without findings"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=plan.FAULTS,
        metavar="KIND",
        help="leave these faults out; repeatable",
    )
    options = parser.parse_args(arguments)
    options.seconds = options.minutes * 60
    options.xgrid = options.xgrid.absolute()
    return options


def main(arguments):
    options = parsed(arguments)
    if options.plan:
        for fault in plan.planned(options.seed, options.seconds, GAP_SECONDS):
            print(fault)
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started ends, too
    torture = Torture(options)
    torture.say("seed %d, %.1f minutes, in %s" % (options.seed, options.minutes, torture.path))
    try:
        torture.build()
        made = torture.torture()
        for name, count in sorted(torture.account(made).items()):
            torture.say("%6d %s" % (count, name))
        for kind, why in sorted(made.left_out.items()):
            torture.say("left out: %s: %s" % (kind, why))
        torture.end()
    finally:
        torture.clean()
    for text in torture.findings:
        print("FOUND " + text)
    (torture.path / "findings").write_text("".join(text + "\n" for text in torture.findings))
    if torture.findings:
        print(
            "%d findings with seed %d; logs are in %s"
            % (len(torture.findings), options.seed, torture.path)
        )
        return 1
    print("nothing found with seed %d" % options.seed)
    if not options.keep:
        shutil.rmtree(torture.path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
