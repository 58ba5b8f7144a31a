"""Fixtures in a boxed test's process: it tears down what it has set up, of every scope, and nothing else.

What the slot had set up before is the slot's: the test may use it, and its teardown does not run here.
"""

from _pytest.fixtures import FixtureDef


class Inherited:
    """What is set up now, just after the fork. `kept` is the innermost node that stays; None: there is none."""

    def __init__(self, session):
        state = session._setupstate
        self.kept = list(state.stack)[-1] if state.stack else None
        self._state = state
        self._counts = {node: len(_finalizers(state, node)) for node in state.stack}
        if self.kept is not None:
            for fixturedefs in list(session._fixturemanager._arg2fixturedefs.values()):
                for fixturedef in fixturedefs:
                    if fixturedef.cached_result is not None:
                        fixturedef.finish = _letting_go(fixturedef)
        self._teardown = state.teardown_exact
        state.teardown_exact = self._teardown_exact

    def _teardown_exact(self, *args):
        """Also what the test has added to nodes that stay; as pytest does, all of it, and the first failure counts."""
        works = [lambda: self._teardown(*args)]
        for node in reversed(list(self._counts)):
            works.append(lambda node=node: self._end_added(node))
        _all(works)

    def _end_added(self, node):
        finalizers = _finalizers(self._state, node)
        added = finalizers[self._counts[node] :]
        del finalizers[self._counts[node] :]
        _all(reversed(added))


def _all(works):
    failure = None
    for work in works:
        try:
            work()
        except BaseException as error:
            failure = failure or error
    if failure is not None:
        raise failure


def _finalizers(state, node):
    if isinstance(state.stack, dict):
        return state.stack[node][0]
    return state._finalizers.setdefault(node, [])  # before pytest 7


def _letting_go(fixturedef):
    """In place of its finish: its value is no longer used here, but stays what it is where it was made."""

    def finish(request):
        if "finish" not in fixturedef.__dict__:
            return
        del fixturedef.finish
        for finalizer in reversed(fixturedef._finalizers):
            dependent = getattr(getattr(finalizer, "func", None), "__self__", None)
            if isinstance(dependent, FixtureDef):
                dependent.finish(request=request)
        del fixturedef._finalizers[:]
        fixturedef.cached_result = None

    return finish
