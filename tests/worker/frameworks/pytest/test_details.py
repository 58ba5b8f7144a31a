"""What a result tells besides its verdict."""

import re

import driver


def details_of(warm, project, text, *args, **more):
    project.write("test_d.py", text)
    slot = warm.slot(project, *args, **more).run_all()
    slot.finish()
    return slot, [details for _test, _verdict, details in slot.done()]


def test_a_failure_is_rendered_as_pytests_terminal_does(warm, project):
    text = "def test_f():\n    left = [1, 2]\n    assert left == [1, 3], 'why'\n"
    for style in ("auto", "long", "short", "line", "native", "no"):
        args = ["--tb=" + style]
        slot, (details,) = details_of(warm, project, text, *args)
        shown = details["phases"][0]["longrepr"]
        assert (
            details["phases"][0]["when"] == "call" and details["phases"][0]["category"] == "failed"
        )
        if style != "no":
            assert shown.strip("\n") and shown in project.plain(*args)[2]


def test_colours_come_where_they_are_wanted(warm, project):
    text = "def test_f():\n    left = [1, 2]\n    assert left == [1, 3], 'why'\n"
    for args in ([], ["--code-highlight=no"], ["--tb=short"]):
        _slot, (details,) = details_of(warm, project, text, *args, coloured=True)
        shown = details["phases"][0]["longrepr"]
        assert "\x1b[1m\x1b[31mE " in shown and "\x1b" not in details["phases"][0]["crash"]
        assert ("\x1b[94massert" in shown) == (args != ["--code-highlight=no"])
        assert shown in project.plain("--color=yes", *args)[2]
        _slot, (details,) = details_of(warm, project, text, *args, env={"PY_COLORS": "1"})
        assert "\x1b" not in details["phases"][0]["longrepr"]


def test_where_a_coloured_text_is_cut_no_colour_goes_on(warm, project):
    text = "def test_f():\n    raise ValueError('%s\\n' * %d)\n"
    short = driver.Interpreter(project.path, changed=[("reports", "1024 * 1024", "4000")])
    for length in range(30, 60):
        source = text % ("x" * length, 200)
        _slot, (details,) = details_of(short, project, source, coloured=True)
        shown = details["phases"][0]["longrepr"]
        head, tail = re.split(r"\n\[\.\.\. \d+ characters cut \.\.\.\]\n", shown)
        assert head.endswith("\x1b[0m") and "\x1b" not in re.sub(r"\x1b\[[\d;]*m", "", shown)
        assert not re.match(r"\[?[\d;]*m", tail) and tail.rstrip().endswith("Error")
    short.close()


def test_crash_reason_and_place(warm, project):
    text = """
        import pytest
        def test_f(): assert 1 == 2
        @pytest.mark.skip(reason="a reason")
        def test_s(): pass
        @pytest.mark.xfail(reason="b reason")
        def test_x(): assert 0
    """
    _slot, (failed, skipped, xfailed) = details_of(warm, project, text)
    phase = failed["phases"][0]
    assert phase["crash"].startswith("assert 1 == 2") and phase["line"] == 3
    assert skipped["phases"][0]["reason"] == "a reason" and skipped["phases"][0]["when"] == "setup"
    assert (xfailed["phases"][0]["category"], xfailed["phases"][0]["reason"]) == (
        "xfailed",
        "b reason",
    )
    assert failed["location"] == ["test_d.py", 2, "test_f"]


def test_captured_output_comes_with_failures_and_where_asked_for(warm, project):
    text = "def test_p(): print('of pass')\ndef test_f():\n    print('of fail')\n    assert 0\n"
    _slot, (passed, failed) = details_of(warm, project, text)
    assert passed is None and failed["sections"] == [["Captured stdout call", "of fail\n"]]
    _slot, (passed, _failed) = details_of(warm, project, text, "-rA")
    assert passed["sections"] == [["Captured stdout call", "of pass\n"]]


def test_odd_texts_and_properties_are_never_fatal(warm, project):
    text = r"""
        import pytest
        class Odd:
            def __str__(self): raise ValueError
        @pytest.mark.parametrize("t", ["\ud800", "\0", "\x1b[31m"])
        def test_o(t, record_property, request):
            record_property("odd", Odd())
            record_property("text", "\udcff")
            request.node.user_properties.append(3)
            print("\ud800")
            assert t == 0, t + "\udfff"
    """
    slot, details = details_of(warm, project, text)
    assert set(slot.verdicts().values()) == {"failed"} and len(details) == 3
    assert details[0]["properties"][0] == ["odd", "<Odd: its str() raised ValueError>"]
    assert details[0]["properties"][1] == ["text", "\\udcff"]


def test_a_huge_text_keeps_head_and_tail_and_says_the_cut(warm, project):
    text = "def test_h():\n    print('<' + 'x' * 3000000 + '>')\n    assert 0\n"
    _slot, (details,) = details_of(warm, project, text)
    shown = details["sections"][0][1]
    assert (
        len(shown) < 1100000
        and shown.startswith("<x")
        and shown.endswith("x>\n")
        and "characters cut" in shown
    )


def test_warnings_come_one_by_one_with_their_test(warm, project):
    text = """
        import warnings
        warnings.warn("of the module")
        def test_w(): warnings.warn(DeprecationWarning("of the test"))
    """
    slot, _details = details_of(warm, project, text)
    told = [
        (w["message"], w["category"], w["when"], w["nodeid"])
        for _kind, _job, w in slot.of("warning")
    ]
    assert told == [
        ("of the module", "UserWarning", "collect", ""),
        ("of the test", "DeprecationWarning", "runtest", "test_d.py::test_w"),
    ]


def test_uncaptured_output_goes_to_the_given_streams(warm, project):
    text = "import os\ndef test_p():\n    print('printed')\n    os.system('echo of a child')\n"
    slot, _details = details_of(warm, project, text, "-s")
    assert slot.output().splitlines() == ["printed", "of a child"]


def test_plugins_that_rerun_or_rename_are_understood(warm, project):
    project.write(
        "conftest.py",
        """
        from _pytest.runner import runtestprotocol
        def pytest_runtest_protocol(item, nextitem):
            for report in runtestprotocol(item, nextitem=nextitem, log=False):
                if report.when == "call" and report.failed:
                    report.outcome = "rerun"
                    item.ihook.pytest_runtest_logreport(report=report)
                    return not runtestprotocol(item, nextitem=nextitem) or True
                item.ihook.pytest_runtest_logreport(report=report)
            return True
        def pytest_report_teststatus(report):
            if report.outcome == "rerun": return "rerun", "R", ("RERUN", {"yellow": True})
        """,
    )
    text = "TIMES = []\ndef test_r():\n    TIMES.append(1)\n    assert len(TIMES) > 1\ndef test_p(): pass\n"
    slot, (details, plain) = details_of(warm, project, text)
    assert slot.verdicts() == {"test_d.py::test_r": "passed", "test_d.py::test_p": "passed"}
    categories = [phase["category"] for phase in details["phases"]]
    assert categories == ["rerun", "passed"] and plain is None


def test_one_slot_of_a_run_asks_plugins_for_lines_of_the_header(warm, project):
    project.write(
        "conftest.py",
        """
        def pytest_report_header(config): return "of " + config.workerinput["workerid"]
        """,
    )
    project.write("test_a.py", "def test_a(): pass")
    for name, header in (("gw0", ["of gw0"]), ("gw1", [])):
        slot = warm.slot(project, slot=name)
        slot.enumerate()
        assert slot.first[1]["header"] == header
        slot.finish()
