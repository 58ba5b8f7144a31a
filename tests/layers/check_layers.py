#!/usr/bin/env python3
"""Fails when a file includes what its layer must not know, or asks the clock where time is an argument.

usage: tests/layers/check_layers.py ROOT

The direction is main -> loop, options -> core -> shared. Roles do not know each other, a library
is known to one place, and whatever is not named as touching the world is pure. The tables below
are the whole rule; each pattern is matched against a full path from the root, or a full include.
"""
import pathlib
import re
import sys

ROLES = ("broker", "worker", "client")
FOLDERS = ("shared", *ROLES, "tests")

# What may touch the world: sockets, files, children, signals. All other files are pure.
WORLD = [
    r"{role}/main\.cpp",
    r"{role}/(loop|options)\.[ch]pp",
    r"worker/(descriptor|detection|disk_space|kernel|listen|permits|session|slots|tree_content|tree_sync|trees|worker_keys)\.[ch]pp",
    r"worker/(frameworks|workspace)/.*",
    r"shared/precompiled/.*",
    r"broker/(access|audit|co_failures|config_file|desk|history|history_store|http|key_store|keys_command|keys_options|journal|objects|pages|viewing)\.[ch]pp",
    r"client/(changed_paths|code|coverage_report|embedded|git_library|giver|libraries|memory|option_list|pytest_cache|reports|repository)\.[ch]pp",
    r"client/(program|remote_host|remote_hosts)\.[ch]pp",
    r"client/(plugin_command|plugin_talk)\.[ch]pp",
    r"client/(project|pytest_ini|settings_files|sync_settings|targets)\.[ch]pp",
    r"client/(dialer|knock|tokens)\.[ch]pp",
    r"client/(command_options|commands|history_command|inquiry|order)\.[ch]pp",
    r"client/(completion_command|manual_command|screen|subcommands|watch_command)\.[ch]pp",
    r"client/(folder_watches|framework_choice|grid|rounds|watching|within)\.[ch]pp",
    r"client/snapshot/(?!glob|ignore_rules|settings).*",
    r"shared/(cache_home|config_home|cores|credentials|curve|database|elf|file|handshakes|key_file|living|mapped_file|notices|option_text|partial|descriptor|process|secret_file|signals|socket|socket_folder|store\w*|text_file|whole_file)\.[ch]pp",
]

# A library, and the only files that include it. What is not listed (fmt) is for everyone.
LIBRARIES = [
    (r"<msgpack.*>", [r"shared/(codec\.cpp|values\.hpp)"]),
    (r"<zmq.*>", [r"shared/(curve|handshakes|socket)\.[ch]pp"]),
    (
        r"<boost/.*>",
        [
            r"{role}/options\.cpp",
            r"broker/keys_options\.cpp",
            r"client/(command_options\.cpp|option_list\.[ch]pp)",
        ],
    ),
    (r"<toml\+\+/.*>", [r"shared/toml_text\.cpp"]),
    (
        r"<nlohmann/.*>",
        [
            r"worker/frameworks/.*",
            r"broker/(desired|keys_command|page_json)\.cpp",
            r"client/(cache_entries|coverage|json_\w+|memory|plugin_lines|plugin_talk|trace)\.cpp",
            r"shared/(\w+_json|notices)\.cpp",
            r"tests/broker/page_json_test\.cpp",
        ],
    ),
    (r"<git2.*>", [r"client/git_library\.hpp"]),
    (r"<zlib.*>", [r"client/program\.cpp"]),
    (r"<openssl/.*>", [r"shared/digest\.cpp"]),
    (r"<httplib.*>", [r"broker/http\.cpp"]),
    (r"<sqlite3.*>", [r"shared/database\.cpp"]),
    (r"<zstd.*>", [r"shared/packing\.cpp", r"tests/shared/packing_test\.cpp"]),
    (r"<doctest/.*>", [r"tests/.*"]),
    (r"<benchmark/.*>", [r"tests/bench/.*"]),
]

# Parts of a role, and the only files outside tests that include them: who is above them.
ABOVE = [
    (
        r'"client/git_library\.hpp"',
        [r"client/(changed_paths|git_library|repository|snapshot/working_copy)\.cpp"],
    ),
    (r'"{role}/loop\.hpp"', [r"{role}/(main|loop)\.cpp", r"client/(commands|embedded)\.[ch]pp"]),
    (
        r'"{role}/options\.hpp"',
        [
            r"{role}/(main|loop|options)\.[ch]pp",
            r"broker/keys_options\.cpp",
            r"worker/(listen|session)\.[ch]pp",
            r"client/(code|command_options|embedded|grid|option_list|reports|rounds|subcommands)\.[ch]pp",
        ],
    ),
]

# Who may include a role that is not its own: the one program that is all three.
EVERY_ROLE = [
    r"client/main\.cpp",
    r"client/embedded\.[ch]pp",
    r"client/subcommands\.cpp",
    r"tests/.*",
]
DOORS = r'"({role}/(loop|options)|broker/(keys_command|keys_options)|worker/frameworks/native/server)\.hpp"'

# Standard headers through which a file reaches the world. POSIX headers are all among them.
NOT_PURE = (
    r"<(condition_variable|csignal|cstdio|filesystem|fstream|future|iostream|mutex"
    r"|random|shared_mutex|thread|(?!zstd\.h)[^/]*\.h|(sys|netinet|arpa|linux)/.*)>"
)
# Ours, through which a pure file would reach it all the same.
NOT_PURE_OURS = r'".*/(loop|options|clock|co_failures|config_file|desk|http|pages|viewing|socket|socket_folder|curve|handshakes|secret_file|key_file|key_store|keys_command|keys_options|access|audit|credentials|config_home|dialer|knock|tokens|journal|listen|permits|session|worker_keys|cache_home|descriptor|objects|changed_paths|code|coverage_report|git_library|giver|tree_content|tree_sync|trees|database|file|living|mapped_file|notices|option_text|partial|store\w*|command_options|commands|history|history_command|history_store|inquiry|order|embedded|memory|option_list|completion_command|manual_command|screen|subcommands|watch_command|plugin_command|plugin_talk|program|project|pytest_cache|pytest_ini|folder_watches|grid|remote_hosts?|repository|rounds|settings_files|sync_settings|text_file|whole_file|watching|(process|kernel|slots)\w*)\.hpp"|"worker/(frameworks|workspace)/.*"|"client/snapshot/(?!glob|ignore_rules|settings).*"'

CLOCK = re.compile(r"_clock::now|random_device|std::time\(|clock_gettime|gettimeofday")
ASKS_THE_CLOCK = [
    r"{role}/(main|loop)\.cpp",
    r"broker/(http|keys_command|objects)\.cpp",
    r"broker/clock\.hpp",
    r"client/(code|dialer|embedded|giver|history_command|inquiry|quarantine_settings|remote_hosts|rounds|watch_command)\.cpp",
    r"shared/(notices|store_shelf)\.cpp",
    r"worker/(detection|listen|tree_sync)\.cpp",
    r"worker/frameworks/native/(jobs|program)\.cpp",
    r"tests/.*",
]

INCLUDE = re.compile(r'\s*#\s*include\s*([<"][^>"]*[>"])')


def matches(pattern, text):
    return re.fullmatch(pattern.replace("{role}", f"({'|'.join(ROLES)})"), text)


def among(patterns, name):
    return any(matches(pattern, name) for pattern in patterns)


def include_fault(name, include):
    """Why the file must not include this, or None."""
    own = name.split("/")[0]
    for library, places in LIBRARIES:
        if matches(library, include) and not among(places, name):
            return "this library is for another file"
    if own == "tests":
        return None

    folder = include[1:].split("/")[0]
    if include[0] == '"' and folder not in ("shared", own):
        if folder not in ROLES:
            return "includes of ours start at the root: shared/, or the role's own folder"
        if not among(EVERY_ROLE, name):
            return "roles do not know each other" if own in ROLES else "shared knows no role"
        if not matches(DOORS, include):
            return "another role is entered by its loop and its options"
    for part, users in ABOVE:
        if matches(part, include) and not among(users, name):
            return "what is above this file is not for it"

    if among(WORLD, name):
        return None
    if matches(NOT_PURE, include) or matches(NOT_PURE_OURS, include):
        return "this file is pure, and that touches the world"
    return None


def faults(root):
    """A line for each fault in the C++ below the root."""
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.[ch]pp")):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            fault = include and include_fault(name, include[1])
            if fault:
                yield f"{name}:{number}: {include[1]}: {fault}"
            if CLOCK.search(line) and not among(ASKS_THE_CLOCK, name):
                yield f"{name}:{number}: only a main or a loop asks the clock or the dice"


def types(path):
    """(line number, qualified name) of the types that a header defines at the level of a namespace."""
    namespace = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        opened = re.match(r"namespace ([\w:]*) ?\{", line)
        if opened:
            namespace = opened[1]
        defined = re.match(r"(?:struct|class|enum class) (\w+)(?=[ {])[^;]*\{", line)
        if defined:
            yield number, f"{namespace}::{defined[1]}"


def shared_names(root):
    """A line for each type whose name another header has taken: linked together, one of their destructors runs for both."""
    taken = {}
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.hpp")):
        name = path.relative_to(root).as_posix()
        for number, qualified in types(path):
            if qualified in taken:
                yield f"{name}:{number}: {qualified} is also in {taken[qualified]}"
            taken.setdefault(qualified, name)


def main():
    root = pathlib.Path(sys.argv[1])
    found = [*faults(root), *shared_names(root)]
    print("\n".join(found) or "the layers hold")
    print("0 passed, 1 failed" if found else "1 passed, 0 failed")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
