"""What pytest's cache of earlier runs asks of a slot: whether all tests have to be known before the first runs,
and which files go first. Slots read the cache, as under pytest-xdist; whoever sees all results writes it.
"""

import os


class Remembered:
    """Of earlier runs, as the options want it; without options or cache plugin, nothing."""

    def __init__(self, config):
        self._config = config
        cache = getattr(config, "cache", None)
        self._failed = (cache.get("cache/lastfailed", {}) if cache else None) or {}
        self._known = (cache.get("cache/nodeids", []) if cache else None) or []
        self._stepped = (cache.get("cache/stepwise", None) if cache else None) or None
        self._cache = cache

    def needs_everything(self):
        """Which tests are left out depends on all of them."""
        return bool(
            (self._option("lf") and self._failed) or (self._option("stepwise") and self._stepped)
        )

    def file_order(self):
        """A key to sort files by; None: they stay as they are."""
        if not (self._option("newfirst") or (self._option("failedfirst") and self._failed)):
            return None
        known = _files(self._known)
        failed = _files(self._failed) if self._option("failedfirst") else ()

        def key(name):
            first = (name in known, -self._modified(name)) if self._option("newfirst") else ()
            return (first, name not in failed)

        return key

    def lines(self, files):
        """What pytest would say of it below its header, with these files to be run."""
        if self._option("verbose", 0) < 0:
            return []
        lines = []
        if self._option("lf") or self._option("failedfirst"):
            lines.append("run-last-failure: " + self._failures_line(files))
        if self._option("stepwise"):
            lines.append("stepwise: no previously failed tests, not skipping.")
        return lines

    def _failures_line(self, files):
        if not self._failed:
            none = self._option("last_failed_no_failures") == "none"
            return "no previously failed tests, " + (
                "deselecting all items." if none else "not deselecting items."
            )
        files = set(files)
        count = sum(name.split("::")[0] in files for name in self._failed)
        if not count:
            return "%d known failures not in selected tests" % len(self._failed)
        return "rerun previous %d failure%s first" % (count, "" if count == 1 else "s")

    def _option(self, name, otherwise=None):
        if self._cache is None:
            return otherwise
        return getattr(self._config.option, name, otherwise)

    def _modified(self, name):
        root = str(getattr(self._config, "rootpath", None) or self._config.rootdir)
        try:
            return os.stat(os.path.join(root, name)).st_mtime
        except OSError:
            return 0


def _files(names):
    return {name.split("::")[0] for name in names}


def clear_once(config, slot):
    """--cache-clear is for the first slot: what tests have put there since must stay."""
    if slot not in (None, "gw0") and getattr(config.option, "cacheclear", False):
        config.option.cacheclear = False


def skip_only_remembered(config, report):
    """--stepwise-skip passes over one failure of the run, not over one of each slot."""
    stepwise = config.pluginmanager.get_plugin("stepwiseplugin")
    remembered = getattr(stepwise, "lastfailed", None)
    if isinstance(remembered, str) and report.failed and report.nodeid != remembered:
        stepwise.skip = False
