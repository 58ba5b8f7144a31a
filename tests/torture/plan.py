"""Which faults happen when: drawn from a seed, so that the same seed is the same plan."""

import random

WORKERS = 4
CLIENTS = 3

# How often each is drawn, and how many seconds it lasts (0: it is over at once).
FAULTS = {
    "kill_broker": (3, (0.0, 3.0)),  # and so long until it is started again
    "kill_worker": (4, (0.0, 3.0)),
    "kill_client": (4, (0.0, 0.0)),
    "kill_slot": (4, (0.0, 0.0)),
    "stop_broker": (2, (1.0, 15.0)),
    "stop_worker": (3, (1.0, 15.0)),
    "stop_client": (2, (1.0, 15.0)),
    "stop_slot": (3, (1.0, 15.0)),
    "cut": (6, (0.0, 4.0)),  # connections end, and new ones are refused so long
    "stall": (4, (0.5, 15.0)),  # nothing gets through
    "half_open": (3, (0.5, 15.0)),  # what is said is lost, and then the connection ends
    "slow": (2, (2.0, 10.0)),
    "full_broker": (2, (1.0, 6.0)),
    "full_worker": (2, (1.0, 6.0)),
    "wall_clock": (2, (0.0, 0.0)),  # the broker's steps by `amount` seconds
    "new_clock": (1, (0.0, 2.0)),  # the broker dies, and its next monotonic clock is another
}
ON_A_PEER = ("cut", "stall", "half_open", "slow")


class Fault:
    def __init__(self, at, kind, target, seconds, choice, amount):
        self.at = at  # seconds after the beginning
        self.kind = kind
        self.target = target  # the number of the worker or client, or the name of a peer
        self.seconds = seconds
        self.choice = choice  # which of the slots there are then: a share of one
        self.amount = amount

    def __str__(self):
        text = "%7.2f s  %-12s %-8s" % (self.at, self.kind, self.target)
        if self.seconds:
            text += " for %.1f s" % self.seconds
        if self.kind in ("wall_clock", "new_clock"):
            text += " to %+d s" % self.amount
        return text.rstrip()


def target_of(kind, draw):
    if kind in ON_A_PEER:
        peers = ["worker%d" % i for i in range(WORKERS)] + ["client%d" % i for i in range(CLIENTS)]
        return draw.choice(peers)
    if kind.endswith(("worker", "slot")):
        return draw.randrange(WORKERS)
    return draw.randrange(CLIENTS) if kind.endswith("client") else ""


def planned(seed, seconds, gap):
    """Faults from the third second on, `gap` seconds apart in the mean. Those of kinds that are not possible here
    are planned too: so the plan is the same everywhere."""
    draw = random.Random("faults %d" % seed)
    kinds = list(FAULTS)
    weights = [FAULTS[kind][0] for kind in kinds]
    faults = []
    at = 3.0
    while at < seconds:
        kind = draw.choices(kinds, weights)[0]
        seconds_of_it = round(draw.uniform(*FAULTS[kind][1]), 1)
        amount = draw.choice((-86400, -600, -5, 5, 600, 86400))
        if kind == "new_clock":
            amount = abs(amount)  # not below zero
        target = target_of(kind, draw)
        faults.append(Fault(at, kind, target, seconds_of_it, draw.random(), amount))
        at += draw.expovariate(1 / gap)
    return faults
