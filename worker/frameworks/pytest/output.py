"""What a slot's session leaves to the client: workeroutput, and what it has measured.

One text of JSON, {"workeroutput": {...} (see plain_values), "python": [3, 11, 2, "final", 0], "coverage": [base64, ...]}.
"""

import base64
import json
import sys

from .plain_values import encoded

BYTES_MAX = 8 << 20  # of the text; it travels in one message


def session_output(session, measured, note):
    """The text. What cannot travel is left out, and noted."""
    told = {
        "workeroutput": _plain(_workeroutput(session), note),
        "python": list(sys.version_info),
        "coverage": [base64.b64encode(data).decode("ascii") for data in measured],
    }
    text = json.dumps(told)
    if len(text) > BYTES_MAX and measured:
        note("its coverage data are lost: they are too large to travel (%d bytes)" % len(text))
        # Who reports takes a slot without this name for one that has failed.
        told["workeroutput"].pop("cov_worker_node_id", None)
        told["coverage"] = []
        text = json.dumps(told)
    if len(text) > BYTES_MAX:
        note("workeroutput is left out: it is too large to travel (%d bytes)" % len(text))
        told["workeroutput"] = {}
        text = json.dumps(told)
    return text


def _workeroutput(session):
    """With what pytest-xdist adds to it."""
    output = getattr(session.config, "workeroutput", None)
    if output is None:
        return {}
    given = {
        "exitstatus": int(session.exitstatus),
        "shouldfail": session.shouldfail,
        "shouldstop": session.shouldstop,
    }
    return {**given, **output}


def _plain(output, note):
    plain = {}
    for name, value in output.items():
        try:
            plain.update(_pair(name, value))
        except (TypeError, RecursionError) as error:
            note("workeroutput[%r] is left out: %s" % (name, error))
    return plain


def _pair(name, value):
    if type(name) is not str or name == "$":
        raise TypeError("its name is not plain text")
    return {name: encoded(value)}
