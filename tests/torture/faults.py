"""Does to the grid what the plan says, and keeps what was done: the account of a run has to be explained by it."""

import heapq
import itertools
import signal
import time

import plan
import processes
import proxy

LEFT_SECONDS = 8  # promise 5 says 5; the machine is busy


class Done:
    """Something that was done to a worker, its slots, or the way to it, in the harness's wall clock."""

    def __init__(self, kind, worker, begun, ended, pid=None):
        self.kind = kind
        self.worker = worker  # a name; none: to none of them
        self.begun = begun
        self.ended = ended
        self.pid = pid


class Faults:
    def __init__(self, broker, workers, clients, peers, proxies, mark, say):
        self.broker = broker
        self.workers = workers
        self.clients = clients
        self.peers = peers
        self.proxies = proxies
        self.mark = mark
        self.say = say
        self.done = []
        self.busy = set()
        self.left_out = {}  # kinds, and why
        self.trouble = []
        self.due = []
        self.order = itertools.count()

    def play(self, faults, begun):
        for fault in faults:
            self.at(begun + fault.at, lambda fault=fault: self.begin(fault))
        while self.due:
            when, _number, what = heapq.heappop(self.due)
            time.sleep(max(0, when - time.time()))
            what()

    def at(self, when, what):
        heapq.heappush(self.due, (when, next(self.order), what))

    def after(self, seconds, what):
        self.at(time.time() + seconds, what)

    def begin(self, fault):
        whom = fault.target if fault.kind in plan.ON_A_PEER else fault.kind.split("_")[1]
        whom = "%s%s" % (whom, "" if fault.kind in plan.ON_A_PEER else fault.target)
        if fault.kind == "new_clock":
            whom = "broker"
        if fault.kind in self.left_out:
            word = "left out: " + self.left_out[fault.kind]
        elif whom in self.busy:
            word = "left out: something is done to it already"
        else:
            self.busy.add(whom)
            word = getattr(self, fault.kind)(fault) or ""
            self.after(fault.seconds, lambda: self.busy.discard(whom))
        self.say("%s  %s" % (fault, word))

    def note(self, kind, worker, pid=None):
        now = time.time()
        self.done.append(Done(kind, worker, now, now, pid))
        return self.done[-1]

    def undo(self, fault, done, what):
        """Later; on a busy machine that may be later than planned."""

        def undone():
            what()
            if done is not None:
                done.ended = time.time()

        self.after(fault.seconds, undone)

    # ---- Killed

    def kill_broker(self, fault):
        self.broker.kill()
        self.after(fault.seconds, self.broker.start)

    def new_clock(self, fault):
        def start():
            self.broker.start_with_clock(fault.amount)

        self.broker.kill()
        self.after(fault.seconds, start)

    def kill_worker(self, fault):
        worker = self.workers[fault.target]
        own = processes.children(worker.pid)
        own += worker.slots()
        done = self.note("killed", worker.name)
        worker.kill()
        self.after(LEFT_SECONDS, lambda: self.must_be_gone(worker.name, own))
        self.undo(fault, done, worker.start)

    def must_be_gone(self, name, pids):
        left = set(pids) & set(self.mark.pids())
        if left:
            self.trouble.append("%s was killed, and its processes live on: %s" % (name, left))

    def kill_client(self, fault):
        process = self.clients[fault.target].process
        if process is None:
            return "there is none"
        process.kill()

    def slot_of(self, fault):
        slots = self.workers[fault.target].slots()
        return slots[int(fault.choice * len(slots))] if slots else None

    def kill_slot(self, fault):
        slot = self.slot_of(fault)
        if slot is None:
            return "there is none"
        self.note("slot", self.workers[fault.target].name, slot)
        processes.send(slot, signal.SIGKILL)
        return "pid %d" % slot

    # ---- Stopped

    def stop(self, fault, pid, done=None):
        processes.send(pid, signal.SIGSTOP)
        self.undo(fault, done, lambda: processes.send(pid, signal.SIGCONT))

    def stop_broker(self, fault):
        self.stop(fault, self.broker.pid)

    def stop_worker(self, fault):
        worker = self.workers[fault.target]
        self.stop(fault, worker.pid, self.note("silent", worker.name))

    def stop_client(self, fault):
        process = self.clients[fault.target].process
        if process is None:
            return "there is none"
        self.stop(fault, process.pid)

    def stop_slot(self, fault):
        slot = self.slot_of(fault)
        if slot is None:
            return "there is none"
        self.stop(fault, slot, self.note("slot", self.workers[fault.target].name, slot))
        return "pid %d" % slot

    # ---- On the way

    def silence(self, fault):
        """What is done to a worker."""
        return self.note("silent", fault.target) if fault.target.startswith("worker") else None

    def on_the_way(self, fault, mode):
        peer = self.peers[fault.target]
        self.proxies.set(peer, mode)
        self.undo(fault, self.silence(fault), lambda: self.proxies.set(peer, proxy.OPEN))

    def stall(self, fault):
        self.on_the_way(fault, proxy.STALLED)

    def half_open(self, fault):
        self.on_the_way(fault, proxy.LOSING)

    def slow(self, fault):
        self.on_the_way(fault, proxy.SLOW)

    def cut(self, fault):
        peer = self.peers[fault.target]
        self.proxies.cut(peer)
        self.undo(fault, self.silence(fault), lambda: self.proxies.listen(peer))

    # ---- Disks and clocks

    def full_broker(self, fault):
        self.broker.disk.fill()
        self.after(fault.seconds, self.broker.disk.free)

    def full_worker(self, fault):
        worker = self.workers[fault.target]
        done = self.note("full", worker.name)
        worker.disk.fill()
        self.undo(fault, done, worker.disk.free)

    def wall_clock(self, fault):
        self.broker.step(fault.amount)
