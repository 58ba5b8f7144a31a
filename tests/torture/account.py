"""Whether every run got what it had to: one verdict per test, of an execution that happened, and none for nothing."""

import collections
import os

import projects

# A worker that was silent for longer may be taken for lost (its lease is 10 s), a slot that was stopped for longer is.
SILENT_SECONDS = 7.5
STOPPED_SECONDS = 9
# What happened to an execution shows so much later at the latest: the broker was away, the worker is told to stop it.
LATER_SECONDS = 20


class Account:
    """Of one run, from its events as the broker tells them in the end."""

    def __init__(self, run, events, executions, done):
        self.run = run
        self.events = events
        self.executions = {
            test: found for (uid, test), found in executions.items() if uid == run.uid
        }
        self.done = [one for one in done if one.worker and self.concerns(one)]
        self.hosts = {
            one["worker"]: shown_as(one["host"]) for one in events if one["event"] == "worker_up"
        }
        self.started = {
            (one["id"], one["worker"]) for one in events if one["event"] == "test_started"
        }
        self.findings = []

    def concerns(self, one):
        until = self.run.finished or one.begun
        return one.ended + LATER_SECONDS > self.run.submitted and one.begun < until

    def find(self, text, *args):
        self.findings.append("run %s (%s): %s" % (self.run.uid, self.run.run, text % args))

    # ---- What may have happened

    def losses_of(self, worker):
        """Spans in which the broker could take it for lost, or its attempts were taken away."""
        spans = [one for one in self.done if one.worker == worker]
        silent = sorted((one.begun, one.ended) for one in spans if one.kind in ("silent", "killed"))
        merged = []
        for begun, ended in silent:
            if merged and begun <= merged[-1][1] + 3:
                merged[-1][1] = max(merged[-1][1], ended)
            else:
                merged.append([begun, ended])
        long = [span for span in merged if span[1] - span[0] >= SILENT_SECONDS]
        sudden = [[one.begun, one.ended] for one in spans if one.kind in ("killed", "full")]
        return long + sudden

    def slot_hits(self):
        return [
            one
            for one in self.done
            if one.kind == "slot"
            and one.worker in self.hosts.values()
            and (one.ended == one.begun or one.ended - one.begun >= STOPPED_SECONDS)
        ]

    def may_be_lost(self, execution):
        until = (execution.ended or execution.begun) + LATER_SECONDS
        worker = host_of(execution)
        if any(execution.pid == one.pid for one in self.slot_hits()):
            return True
        return any(
            begun < until and ended + LATER_SECONDS > execution.begun
            for begun, ended in self.losses_of(worker)
        )

    # ---- What has to be so

    def check(self):
        last = self.events[-1] if self.events else None
        if last is None or last["event"] != "run_finished":
            self.find("has no end; its last event is %s", last)
            return self.findings
        self.check_verdicts(last)
        for test, found in self.executions.items():
            self.check_executions(test, found)
        return self.findings

    def check_verdicts(self, last):
        verdicts = collections.defaultdict(list)
        for event in self.events:
            if event["event"] == "test_finished":
                verdicts[event["id"], event.get("occurrence", 0)].append(event)
        crashed = 0
        units = set()
        for (test, _occurrence), found in verdicts.items():
            if len(found) > 1:
                self.find("%d verdicts for %s", len(found), test)
            crashed += self.check_verdict(test, found[0], units)
        if crashed > len(self.slot_hits()):
            self.find(
                "%d tests crashed their slots, and %d slots were hit",
                crashed,
                len(self.slot_hits()),
            )
        lacking = [
            test
            for test in self.run.project.outcomes
            if (test, 0) not in verdicts and test.split("::")[0] not in units
        ]
        code = last["exit_code"]
        if self.run.cancelled and code == 2:
            return
        if lacking:
            self.find("no verdict for %s (it ended with %s: %s)", lacking, code, last["reason"])
        bad = any(found[0]["outcome"] in ("failed", "error") for found in verdicts.values())
        hurt = self.slot_hits() or any(self.losses_of(host) for host in set(self.hosts.values()))
        if code != int(bad) and not (code == 3 and hurt and "crashed" in last["reason"]):
            self.find("ended with %s: %s", code, last["reason"])
        seen = self.run.codes[-1]
        if seen != code and not self.run.trouble:
            self.find("its last client ended with %s, and the run with %s", seen, code)

    def check_verdict(self, test, event, units):
        """Whether it is that of a slot that was hit from outside."""
        expected = self.run.project.outcomes.get(test)
        outcome, executions = event["outcome"], self.executions.get(test, [])
        if outcome == "error" and event["crashed"] and test.endswith(".py"):
            units.add(test)
            return 1
        if expected is None:
            self.find("a verdict for %s, which is no test of it: %s", test, event)
        elif outcome == "failed" and event["crashed"]:
            # Or it was being set up, and its line was yet to come.
            if not executions and (test, event["worker"]) not in self.started:
                self.find("%s crashed, and never ran", test)
            return int(expected != projects.CRASHED)
        elif outcome != expected:
            self.find("%s has %s and not %s: %s", test, outcome, expected, event["message"])
        elif not any(
            one.outcome == outcome and host_of(one) == self.hosts.get(event["worker"])
            for one in executions
        ):
            self.find(
                "%s has %s from %s, where no execution of it ended so",
                test,
                outcome,
                event["worker"],
            )
        return 0

    def check_executions(self, test, found):
        expected = self.run.project.outcomes[test]
        allowed = 2 if expected == projects.FAILED and self.run.confirm else 1
        lost = sum(self.may_be_lost(one) for one in found)
        if len(found) > allowed + lost:
            self.find("%s ran %d times, of which %d may have been lost", test, len(found), lost)
        for one in found:
            if one.outcome or expected == projects.CRASHED or self.run.cancelled:
                continue
            if not self.may_be_lost(one):
                self.find(
                    "%s began in process %d on %s and never ended", test, one.pid, host_of(one)
                )


def shown_as(name):
    """Which worker that is: one that came back while its former life was not yet lost is shown as worker1-2."""
    return name.split("-")[0]


def host_of(execution):
    """Its worker: tests run in a workspace on its disk."""
    parts = execution.folder.split(os.sep)
    return next((part[len("disk-") :] for part in parts if part.startswith("disk-")), "?")
