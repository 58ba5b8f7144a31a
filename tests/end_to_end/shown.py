"""What pytest, or xgrid in its place, printed: taken apart so that two runs can be compared in whatever order
their tests ran."""

import re
import xml.etree.ElementTree as ElementTree

# Lines that only a run with slots has.
OF_SLOTS = re.compile(r"^\[gw\d+\] linux -- Python \S+ \S+$|^first failure after \d")
NOT_COMPARED = re.compile(
    r"0x[0-9a-f]{8,}|, (testrun_uid|worker_id)\b|Previous line repeated \d+ more times"
)
TIME = re.compile(r"\d+\.\d+s( \(\d+:\d\d:\d\d\))?")
SECTION = re.compile(r"^=+ (.*?) =+$")
TITLE = re.compile(r"^_+ (.*?) _+$")
IN_BLOCKS = ("ERRORS", "FAILURES", "PASSES", "RERUNS")
IN_LINES = ("short test summary info",)


def comparable(text):
    """Without what differs anyway: addresses, depth of the stack, and the two fixtures more that a slot has."""
    return NOT_COMPARED.sub("", text)


def sections(text):
    """{title: sorted blocks or lines}; the last line, without its time, is under "last"."""
    found = {}
    lines = comparable(text).rstrip("\n").split("\n")
    if TIME.search(lines[-1]):  # not with -qq
        found["last"] = TIME.sub("", lines.pop()).strip("= ")
    title = None
    for line in lines:
        section = SECTION.match(line)
        if section:
            title = TIME.sub("", section.group(1))
            found[title] = []
        elif title is not None and not OF_SLOTS.match(line):
            found[title].append(line)
    for title, body in found.items():
        if title in IN_BLOCKS:
            found[title] = sorted(blocks(body))
        elif title in IN_LINES:
            found[title] = sorted(body)
        elif title == "warnings summary":
            found[title] = sorted("\n".join(body).strip().split("\n\n"))
        elif title.startswith("slowest"):
            found[title] = sorted(TIME.sub("", line) for line in body)
    return found


def blocks(lines):
    """Each with its title; lines before the first are blocks of their own."""
    result = []
    titled = False
    for line in lines:
        if TITLE.match(line):
            titled = True
            result.append(line)
        elif titled:
            result[-1] += "\n" + line
        else:
            result.append(line)
    return [block.rstrip("\n") for block in result]


def junit(path):
    """(the suite's name and counts, sorted cases)"""
    text = comparable(path.read_text(encoding="utf-8"))
    (suite,) = ElementTree.fromstring(text)
    counts = {name: suite.get(name) for name in ("name", "tests", "errors", "failures", "skipped")}
    return counts, sorted((_case(case) for case in suite), key=repr)


def _case(case):
    attributes = {name: value for name, value in case.items() if name != "time"}
    properties = [(found.get("name"), found.get("value")) for found in case.iter("property")]
    inside = [
        (element.tag, dict(element.items()), element.text)
        for element in case
        if element.tag != "properties"
    ]
    return attributes, properties, inside
