"""What --collect-only shows of tests: pytest's tree of what they are in, or their ids.

Knows nothing of jobs. How it is printed is the client's, who knows the units before and after.
"""

import inspect


def listing(items, verbosity):
    """For each item [[depth, id, text], ...]: itself, and before it what it is in and the item before is not."""
    if verbosity < 0:
        return [[[0, item.nodeid, item.nodeid]] for item in items]
    told = []
    above = []
    for item in items:
        chain = item.listchain()[1:]
        common = 0
        while common < min(len(above), len(chain)) and above[common] is chain[common]:
            common += 1
        told.append(
            [
                [depth, chain[depth].nodeid, _text(chain[depth], verbosity)]
                for depth in range(common, len(chain))
            ]
        )
        above = chain
    return told


def _text(node, verbosity):
    lines = [str(node)]
    if verbosity >= 1:
        thing = getattr(node, "obj", None)
        lines += ["  " + line for line in (inspect.getdoc(thing) or "").splitlines() if thing]
    return "\n".join(lines)
