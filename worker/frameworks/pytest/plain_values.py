"""Plain values as JSON that keeps their types: what may be in workeroutput, and comes back on the other side.

JSON's own types stand for themselves; others are {"$": type, "v": content}: bytes as base64, tuple, set,
frozenset and complex as lists, and a dict whose keys JSON cannot have as pairs.
"""

import base64

LISTS = {"tuple": tuple, "set": set, "frozenset": frozenset}
DEPTH_MAX = 100


def encoded(value, depth=0):
    """TypeError for what is no plain value, or too deep."""
    if depth > DEPTH_MAX:
        raise TypeError("it is nested too deeply")
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return [encoded(item, depth + 1) for item in value]
    if kind is dict:
        if all(type(key) is str and key != "$" for key in value):
            return {key: encoded(item, depth + 1) for key, item in value.items()}
        pairs = [[encoded(part, depth + 1) for part in pair] for pair in value.items()]
        return {"$": "dict", "v": pairs}
    if kind is bytes:
        return {"$": "bytes", "v": base64.b64encode(value).decode("ascii")}
    if kind is complex:
        return {"$": "complex", "v": [value.real, value.imag]}
    if kind.__name__ in LISTS and kind is LISTS[kind.__name__]:
        return {"$": kind.__name__, "v": [encoded(item, depth + 1) for item in value]}
    raise TypeError("a value of type %s is not plain" % kind.__name__)


def decoded(value):
    """The inverse of encoded."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("$")
    if kind is None:
        return {key: decoded(item) for key, item in value.items()}
    content = value["v"]
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "complex":
        return complex(*content)
    if kind == "dict":
        return {decoded(key): decoded(item) for key, item in content}
    return LISTS[kind](decoded(item) for item in content)
