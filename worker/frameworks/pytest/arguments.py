"""What the command line asks to run: paths, and names within files, split as pytest splits them.

Knows nothing of nodes.
"""

import importlib.util
import os
import pathlib


class Argument:
    """One positional argument: `text` as given, `path` absolute, `names` behind `::`, perhaps none."""

    def __init__(self, text, directory, as_packages):
        self.text = text
        base, bracket, rest = text.partition("[")
        self.base, *self.names = base.split("::")
        if self.names:
            self.names[-1] += bracket + rest
        else:
            self.base = text
        place = _place_of(self.base) if as_packages else self.base
        self.path = os.path.normpath(os.path.join(directory, place))
        # What pytest would refuse (no such file, names in a directory) is left to pytest.
        self.names_tests = bool(self.names) and os.path.isfile(self.path)


class Asked:
    """All of them: which to walk, and which names are asked of which file."""

    def __init__(self, config):
        directory = str(config.invocation_params.dir)
        arguments = [Argument(str(arg), directory, config.option.pyargs) for arg in config.args]
        whole = {argument.path for argument in arguments if not argument.names_tests}
        self.by_path = {}  # path -> its arguments, for files asked only by name
        self.to_walk = []  # texts, for pytest
        self._covered = []
        for argument in arguments:
            if not argument.names_tests:
                self.to_walk.append(argument.text)
            elif not whole.isdisjoint(_path_and_parents(argument.path)):
                self._covered.append(argument)
            else:
                if argument.path not in self.by_path:
                    self.to_walk.append(argument.base)
                self.by_path.setdefault(argument.path, []).append(argument)

    def not_walked(self, paths):
        """Arguments with names below a directory that was asked whole, where the walk passed them by."""
        left = [argument for argument in self._covered if argument.path not in paths]
        for argument in left:
            self.by_path.setdefault(argument.path, []).append(argument)
        return list(dict.fromkeys(argument.base for argument in left))


def _path_and_parents(path):
    pure = pathlib.PurePath(path)
    return [str(pure)] + [str(parent) for parent in pure.parents]


def _place_of(name):
    """Where a module or package is, for --pyargs; the name itself if there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (AttributeError, ImportError, ValueError):
        return name
    if spec is None or spec.origin in (None, "namespace"):
        return name
    if spec.submodule_search_locations:
        return os.path.dirname(spec.origin)
    return spec.origin
