"""The process title of a slot, where setproctitle is installed: as pytest-xdist has it, since users look for that."""

IDLE = "[pytest-xdist idle]"


def setter():
    """Takes the id of the test that runs now, or None between tests; None: there is no setproctitle."""
    try:
        from setproctitle import setproctitle
    except Exception:
        return None

    def show(nodeid):
        setproctitle(IDLE if nodeid is None else "[pytest-xdist running] " + nodeid)

    return show
