"""What plugins have to say in the header of a run, as lines in pytest's order."""

import pytest


def report_lines(config, hook, **arguments):
    # pytest calls with the one, and hands it on as the other to those that ask for it.
    place = config.invocation_params.dir
    if hasattr(config, "inipath") and int(pytest.__version__.split(".")[0]) >= 7:
        arguments["start_path"] = place
    else:
        arguments["startdir"] = place
    lines = []
    for answer in reversed(getattr(config.hook, hook)(config=config, **arguments)):
        lines.extend([answer] if isinstance(answer, str) else answer)
    return [str(line) for line in lines]
