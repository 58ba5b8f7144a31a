"""Clients that submit runs again and again, wait for them, leave them, and come back when they are killed."""

import json
import random
import re
import subprocess
import threading
import time

PATIENCE_SECONDS = 180
ASK_SECONDS = 30


class RunOf:
    """One submission, and what became of it."""

    def __init__(self, uid, project, how, confirm):
        self.uid = uid
        self.project = project
        self.how = how
        self.confirm = confirm
        self.run = None  # its id
        self.submitted = time.time()
        self.finished = None
        self.handed_in = False  # whoever asks now has to be told of it
        self.cancelled = False
        self.trouble = []
        self.codes = []
        self.followed = []  # files of events, each of one client


def events_in(path):
    found = []
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                pass  # cut off when its client was killed
    return found


class Client(threading.Thread):
    def __init__(self, number, seed, xgrid, projects, path, endpoint, direct, env, until):
        super().__init__(daemon=True)
        self.number = number
        self.draw = random.Random("client %d %d" % (number, seed))
        self.xgrid = xgrid
        self.projects = projects
        self.path = path
        self.endpoint = endpoint
        self.direct = direct  # the broker itself, for questions of the harness's own
        self.env = {**env, "XGRID_CACHE_HOME": str(path / "home")}
        self.until = until
        self.runs = []
        self.process = None  # that a fault may hit
        path.mkdir(parents=True)

    def run(self):
        while time.time() < self.until:
            self.one_run()
            time.sleep(self.draw.uniform(0, 0.5))

    def one_run(self):
        uid = "c%dr%d" % (self.number, len(self.runs))
        name = self.draw.choices(("fast", "mixed", "crashing"), (3, 4, 2))[0]
        how = self.draw.choices(("follow", "detach", "cancel"), (6, 3, 1))[0]
        confirm = self.draw.random() < 0.5
        run = RunOf(uid, self.projects[name], how, confirm)
        self.runs.append(run)
        arguments = ["submit", "-n", self.draw.randint(1, 4), "--broker", self.endpoint]
        arguments += ["--python", "/usr/bin/python3", "--max-worker-restart", 1000]
        arguments += ["--testrunuid", uid, *([] if confirm else ["--no-confirm"])]
        if how == "detach":
            arguments.append("--detach")
        process, events = self.begin(run, arguments, events=how != "detach")
        if how == "cancel":
            self.cancel_later(run, events)
        code = self.ended(run, process)
        if how == "detach" and code == 0:
            run.handed_in = True
        self.see_to_the_end(run, code, how == "detach", events)
        run.finished = time.time()

    def begin(self, run, arguments, events=True):
        file = self.path / ("%s-%d.events" % (run.uid, len(run.codes)))
        if events:
            arguments = [*arguments, "--json", file]
            run.followed.append(file)
        out = open(self.path / (run.uid + ".out"), "ab")
        out.write(b"---- %s\n" % " ".join(map(str, arguments)).encode())
        out.flush()
        command = [self.xgrid, *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=run.project.path,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        out.close()
        self.process = process
        return process, file

    def ended(self, run, process):
        try:
            code = process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            why = self.ask("why", run.run) if run.run else ""
            run.trouble.append("its client hangs: %s" % why)
            process.kill()
            code = process.wait()
        self.process = None
        run.codes.append(code)
        return code

    def see_to_the_end(self, run, code, left, events):
        """By attaching to it, until a client has seen its end."""
        run.run = self.find(run.uid)
        if run.run is None and code >= 0:
            run.trouble.append("its client ended with %d, and the broker does not know it" % code)
        deadline = time.time() + PATIENCE_SECONDS
        while code < 0 or left or self.no_answer(run, code):
            if run.run is None:
                return  # it never came to the broker, and so never will
            if time.time() > deadline:
                run.trouble.append("is not over: %s" % self.ask("why", run.run))
                return
            arguments = ["attach", run.run, "--broker", self.endpoint]
            process, _events = self.begin(run, arguments)
            code = self.ended(run, process)
            left = False

    def no_answer(self, run, code):
        """Who asks a broker that is away is told so, and asks again."""
        text = (self.path / (run.uid + ".out")).read_text(errors="replace")
        last = text.rsplit("---- ", 1)[-1]
        return code == 3 and "no broker answers" in last

    def cancel_later(self, run, events):
        deadline = time.time() + 20
        while time.time() < deadline and self.id_from(events) is None:
            time.sleep(0.05)
        time.sleep(self.draw.uniform(0, 1))
        run.run = self.id_from(events)
        if run.run is not None:
            run.cancelled = True
            self.ask("cancel", run.run)

    def id_from(self, path):
        for event in events_in(path):
            if event["event"] == "run_started":
                return event["run"]
        return None

    def ask(self, what, *about):
        """A question of the harness's own; text, whatever comes of it."""
        command = [self.xgrid, what, *about, "--broker", self.direct]
        try:
            done = subprocess.run(
                command, env=self.env, stdout=-1, stderr=-1, timeout=ASK_SECONDS, text=True
            )
        except subprocess.TimeoutExpired:
            return "no answer in time"
        return done.stdout + done.stderr

    def find(self, uid):
        """The id of the run that has it, once the broker answers."""
        deadline = time.time() + 2 * ASK_SECONDS
        while time.time() < deadline:
            text = self.ask("runs", "--json")
            try:
                all_of_them = json.loads(text)
            except ValueError:
                time.sleep(0.5)
                continue
            for one in all_of_them:
                if re.search(r"--testrunuid %s( |$)" % uid, one["title"]):
                    return one["run"]
            return None
        return None
