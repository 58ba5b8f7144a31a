"""The layer check finds planted faults, and leaves what is allowed alone."""
import pathlib
import subprocess
import sys

import pytest

CHECK = pathlib.Path(__file__).with_name("check_layers.py")

FORBIDDEN = [
    ("broker/broker.cpp", '#include "worker/worker.hpp"', "roles do not know each other"),
    ("client/report.cpp", '#include "broker/loop.hpp"', "roles do not know each other"),
    ("client/main.cpp", '#include "broker/broker.hpp"', "by its loop and its options"),
    ("shared/codec.cpp", '#include "client/client.hpp"', "shared knows no role"),
    ("broker/broker.cpp", '#include "broker/loop.hpp"', "above this file"),
    ("broker/options.cpp", '#include "broker/loop.hpp"', "above this file"),
    ("broker/runs.hpp", '#include "shared/socket.hpp"', "this file is pure"),
    ("broker/runs.hpp", '#include "runs.hpp"', "start at the root"),
    ("broker/runs.cpp", "#include <fstream>", "this file is pure"),
    ("worker/worker.cpp", "#include <sys/wait.h>", "this file is pure"),
    ("worker/worker.cpp", "#  include <thread>", "this file is pure"),
    ("shared/stream.cpp", "#include <msgpack.hpp>", "library is for another file"),
    ("shared/giving.cpp", "#include <zstd.h>", "library is for another file"),
    ("broker/loop.cpp", "#include <zmq.hpp>", "library is for another file"),
    ("broker/loop.cpp", "#include <boost/program_options.hpp>", "library is for another file"),
    ("broker/broker.cpp", "#include <doctest/doctest.h>", "library is for another file"),
    ("tests/client/report_test.cpp", "#include <git2.h>", "library is for another file"),
    ("client/settings_files.cpp", "#include <toml++/toml.h>", "library is for another file"),
    ("client/settings.cpp", '#include "shared/text_file.hpp"', "this file is pure"),
    ("broker/broker.cpp", "auto now = std::chrono::steady_clock::now();", "clock or the dice"),
    ("worker/slots.cpp", "std::random_device dice;", "clock or the dice"),
]
ALLOWED = [
    ("broker/broker.cpp", '#include "shared/messages.hpp"'),
    ("broker/broker.cpp", '#include "broker/runs.hpp"'),
    ("broker/broker.cpp", "#include <fmt/format.h>"),
    ("broker/broker.cpp", "#include <chrono>"),
    ("shared/packing.cpp", "#include <zstd.h>"),
    ("broker/loop.cpp", '#include "broker/options.hpp"'),
    ("broker/loop.cpp", '#include "shared/socket.hpp"'),
    ("broker/loop.cpp", "#include <sys/signalfd.h>"),
    ("broker/loop.cpp", "auto now = std::chrono::steady_clock::now();"),
    ("broker/options.cpp", "#include <boost/program_options.hpp>"),
    ("client/main.cpp", '#include "broker/loop.hpp"'),
    ("client/embedded.cpp", '#include "worker/loop.hpp"'),
    ("client/json_report.cpp", "#include <nlohmann/json.hpp>"),
    ("client/git_library.hpp", "#include <git2.h>"),
    ("shared/toml_text.cpp", "#include <toml++/toml.h>"),
    ("shared/codec.cpp", "#include <msgpack.hpp>"),
    ("shared/socket.hpp", "#include <zmq.hpp>"),
    ("tests/broker/broker_test.cpp", '#include "worker/worker.hpp"'),
    ("tests/broker/broker_test.cpp", "#include <doctest/doctest.h>"),
]


def check(root, name, line):
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(f"// a file\n{line}\n")
    return subprocess.run(
        [sys.executable, str(CHECK), str(root)], stdout=subprocess.PIPE, universal_newlines=True
    )


@pytest.mark.parametrize("name, line, reason", FORBIDDEN)
def test_a_planted_fault_is_found_and_named(tmp_path, name, line, reason):
    done = check(tmp_path, name, line)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{name}:2: ")
    assert reason in done.stdout


@pytest.mark.parametrize("name, line", ALLOWED)
def test_what_a_layer_may_know_passes(tmp_path, name, line):
    done = check(tmp_path, name, line)
    assert done.stdout == "the layers hold\n1 passed, 0 failed\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    "other, found",
    [
        ("namespace xgrid::client {\nclass Folder {\n};\n}\n", True),
        ("namespace xgrid::client {\nstruct Folder : Base {\n};\n}\n", True),
        ("namespace xgrid::worker {\nclass Folder {\n};\n}\n", False),
        ("namespace xgrid::client {\nclass Folder;\nclass Folders {\n};\n}\n", False),
        ("namespace xgrid::client {\nclass Other {\n    struct Folder {\n    };\n};\n}\n", False),
    ],
)
def test_two_types_of_one_name_are_found(tmp_path, other, found):
    (tmp_path / "client").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "client/a.hpp").write_text("namespace xgrid::client {\nstruct Folder {\n};\n}\n")
    (tmp_path / "tests/b.hpp").write_text(other)
    done = subprocess.run(
        [sys.executable, str(CHECK), str(tmp_path)], stdout=subprocess.PIPE, universal_newlines=True
    )
    assert (done.returncode == 1) == found
    assert ("tests/b.hpp:2: xgrid::client::Folder is also in client/a.hpp" in done.stdout) == found
