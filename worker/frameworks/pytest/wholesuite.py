"""Plugins that reorder, count or pick among all tests at once: where one is active, every slot collects everything.

Also sees to it that slots draw the same random order, as pytest-xdist's controller would.
"""

import hashlib


def plugin_in_need(config):
    """The name of such a plugin, as users know it; empty if there is none."""
    modules = {
        getattr(plugin, "__name__", "").partition(".")[0]
        for plugin in config.pluginmanager.get_plugins()
    }
    for module, name, is_active in KNOWN:
        if module in modules and is_active(config.option):
            return name
    return ""


def agree(config, workerinput):
    """To be called before plugins are configured: they look for their seeds here."""
    uid = str(workerinput["testrunuid"]).encode("utf-8", "backslashreplace")
    seed = int.from_bytes(hashlib.sha256(uid).digest()[:4], "big")
    workerinput.setdefault("randomly_seed", seed)
    given = str(getattr(config.option, "random_order_seed", "default:"))
    drawn = given.startswith("default:")
    workerinput.setdefault("random_order_seed", "default:%d" % seed if drawn else given)


def _always(_option):
    return True


def _has(*names):
    return lambda option: any(getattr(option, name, None) for name in names)


def _random_order(option):
    asked = [getattr(option, "random_order_" + name, None) for name in ("bucket", "seed")]
    return _has("random_order_enabled")(option) or any(
        value and not str(value).startswith("default:") for value in asked
    )


def _shards(option):
    return getattr(option, "num_shards", 1) > 1


# Module, name, and whether its options make it act.
KNOWN = (
    ("pytest_randomly", "pytest-randomly", _has("randomly_reorganize")),
    ("random_order", "pytest-random-order", _random_order),
    ("pytest_order", "pytest-order", _always),
    ("pytest_ordering", "pytest-ordering", _always),
    ("pytest_dependency", "pytest-dependency", _always),
    ("pytest_reverse", "pytest-reverse", _has("reverse")),
    ("pytest_shard", "pytest-shard", _shards),
    ("pytest_split", "pytest-split", _has("splits")),
    ("pytest_test_groups", "pytest-test-groups", _has("test-group-count")),
)
