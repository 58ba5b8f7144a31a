"""The page that --html writes, opened from disk."""

import json
import os
import random
import subprocess
import sys

import pytest

import events

XGRID = os.environ["XGRID"]
OPENED = b'<script type="application/json" id="events">\n'
READ = "return document.documentElement.dataset.read === 'all'"
ROWS = "tbody tr[aria-rowindex]"
HOSTILE = "</script><script>document.title = 'taken over'</script><!-- <img src=x onerror=alert(1)>"

SUITE = """
import os
import pytest

def test_passes():
    pass

def test_fails():
    print(%r)
    assert 1 == 2, %r

def test_hates_b():
    assert os.environ["MODE"] != "b"

@pytest.mark.skip(reason="not now")
def test_skipped():
    pass
"""


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Of a real run in each of two environments."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "test_suite.py").write_text(SUITE % (HOSTILE, HOSTILE))
    path = folder / "report.html"
    command = [XGRID, "submit", "--dist", "each", "--tx", "popen//env:MODE=a"]
    command += ["--tx", "popen//env:MODE=b", "--html", path, "--python", sys.executable]
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "XGRID_CACHE_HOME": str(folder / "cache")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    assert ended.returncode == 1, ended.stdout.decode()
    return path


@pytest.fixture(scope="session")
def write(report, tmp_path_factory):
    """Makes a report with these lines instead of its own."""
    head = report.read_bytes().split(OPENED)[0] + OPENED
    folder = tmp_path_factory.mktemp("made")

    def make(name, data):
        path = folder / (name + ".html")
        path.write_bytes(head + data.replace(b"<", b"\\u003c"))
        return path

    return make


@pytest.fixture(scope="session")
def long_report(write):
    return write("long", "".join(events.long_run(20000)).encode())


def show(browser, path):
    browser.open(path)
    browser.wait_for(READ)


def names_shown(browser):
    return browser.run(
        "return [...document.querySelectorAll(arguments[0])].filter(row => row.checkVisibility())"
        ".map(row => row.querySelector('th').textContent)",
        ROWS,
    )


def details_of(browser, name):
    browser.run(
        "[...document.querySelectorAll('tbody th button')]"
        ".find(button => button.textContent === arguments[0]).click()",
        name,
    )
    return browser.text(".details")


def test_a_real_run_is_shown_with_its_output_and_nothing_of_that_is_markup(browser, report):
    show(browser, report)
    assert browser.text(".summary").startswith("Finished: 3 failed, 3 passed, 2 skipped in ")
    assert browser.run("return document.title").startswith("xgrid submit --dist each")
    text = details_of(browser, "test_suite.py::test_fails")
    assert HOSTILE in text and "assert 1 == 2" in text and "MODE=" in text
    assert browser.count("img") == 0


def test_the_matrix_shows_where_a_test_failed_and_why_there(browser, report):
    show(browser, report)
    browser.click("[role=tab][id$=matrix-tab]")
    assert len(names_shown(browser)) == 4
    browser.click(".matrix input[type=checkbox]")
    assert names_shown(browser) == ["test_suite.py::test_hates_b"]
    row = browser.text(".matrix " + ROWS)
    assert "passed" in row and "failed" in row


def test_the_timeline_tells_what_each_slot_did(browser, report):
    show(browser, report)
    browser.click("[role=tab][id$=timeline-tab]")
    rows = browser.run(
        "return [...document.querySelectorAll('.timeline tbody tr')].map(row =>"
        " [...row.cells].map(cell => cell.textContent))"
    )
    assert [row[0] for row in rows] == ["gw0", "gw1"]
    assert [row[3] for row in rows] == ["4", "4"]
    coloured = browser.run(
        "const canvas = document.querySelector('canvas');"
        "const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        "return data.some(byte => byte !== 0)"
    )
    assert coloured


def test_twenty_thousand_tests_are_there_in_a_second_and_few_rows_in_the_page(browser, long_report):
    # Of a processor: others may want this machine, too. The quickest of some, for the same reason.
    taken = []
    for _ in range(3):
        browser.open("about:blank")
        begun = browser.processor_seconds()
        browser.open(long_report)
        shown = browser.wait_for(
            "return document.querySelector(arguments[0]) && performance.now()", ROWS
        )
        browser.wait_for(READ)
        taken.append(browser.processor_seconds() - begun)
        print("first rows after %.0f ms; all after %.2f s of processor" % (shown, taken[-1]))
        if taken[-1] < 1:
            break
    assert min(taken) < 1
    assert browser.count(ROWS) < 100
    assert browser.text(".count") == "20000 of 20000 tests shown"


def test_search_filter_and_sort_answer_at_once(browser, long_report):
    show(browser, long_report)
    browser.type("input[type=search]", "PART_007 number[7123]")
    assert browser.text(".count") == "1 of 20000 tests shown"
    assert names_shown(browser) == [events.name_of(7123)]
    took = browser.run(
        "const search = document.querySelector('input[type=search]');"
        "const times = ['number', 'number 77', ''].map(words => {"
        "  const begun = performance.now();"
        "  search.value = words;"
        "  search.dispatchEvent(new Event('input'));"
        "  return performance.now() - begun;"
        "});"
        "return times"
    )
    print("a search takes %s ms" % took)
    assert min(took) < 200
    browser.click(".chip[data-outcome=failed]")
    assert browser.text(".count") == "400 of 20000 tests shown"
    browser.click("thead .name button")
    ascending = names_shown(browser)
    browser.click("thead .name button")
    assert ascending == sorted(ascending) and names_shown(browser)[0] > ascending[-1]
    assert browser.count("thead .name[aria-sort=descending]") == 1


def test_the_last_row_is_in_reach_of_the_keyboard_and_tells_its_output(browser, long_report):
    show(browser, long_report)
    browser.click(".chip[data-outcome=error]")
    browser.run("document.querySelector('tbody th button').focus()")
    browser.press("End", "ArrowUp", "Enter")
    assert "</script><!--" in browser.text(".details")
    title = browser.text(".details h3")
    assert browser.run("return document.activeElement.textContent") == title
    browser.press("Escape")
    assert browser.run("return document.activeElement.textContent") == title
    browser.press("/")
    assert browser.run("return document.activeElement.type") == "search"


def test_a_report_that_is_cut_anywhere_shows_what_was_whole(browser, write):
    data = "".join(events.long_run(60)).encode()
    data = data.replace(b"\\u00fc", "ü".encode())  # so that a cut may part a letter
    places = random.Random(9)
    cuts = [0, 1, len(data) - 1] + sorted(places.randrange(len(data)) for _ in range(7))
    for cut in cuts:
        finished = 0
        for line in data[:cut].split(b"\n"):
            try:
                finished += json.loads(line)["event"] == "test_finished"
            except ValueError:
                pass
        show(browser, write("cut", data[:cut]))
        drawn = browser.run(
            "return [...document.querySelectorAll('.chip')].reduce((sum, chip) =>"
            " ['waiting', 'unfinished', 'running'].includes(chip.dataset.outcome) ? sum"
            " : sum + Number(chip.textContent.split(' ')[1]), 0)"
        )
        assert drawn == finished, cut
        whole = b'"run_finished"' in data[:cut] and data[:cut].rstrip().endswith(b"}")
        assert browser.text(".summary").startswith("Finished" if whole else "Ended before"), cut


def test_it_is_dark_where_the_reader_wants_that_and_fits_a_phone(browser, report):
    browser.prefer("dark")
    browser.resize(390, 800, phone=True)
    show(browser, report)
    colours = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert max(map(int, colours.strip("rgb()").split(","))) < 64
    for tab in ("matrix", "timeline", "messages", "tests"):
        browser.click("[role=tab][id$=%s-tab]" % tab)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), tab
    details_of(browser, "test_suite.py::test_fails")
    covered = browser.run("return document.querySelector('.details').getBoundingClientRect().width")
    assert covered >= 389


def test_everything_has_a_name_for_those_who_hear_the_page(browser, report):
    show(browser, report)
    nameless = browser.run(
        "return [...document.querySelectorAll('button, input, select, canvas, table')]"
        ".filter(one => one.checkVisibility()).filter(one => !one.textContent.trim()"
        " && !one.getAttribute('aria-label') && !(one.labels && one.labels.length))"
        ".map(one => one.outerHTML)"
    )
    assert nameless == []
    assert browser.text(".rows caption") == "Tests"
    assert (
        browser.run("return document.querySelector('.rows').getAttribute('aria-rowcount')") == "9"
    )
    assert browser.text("[aria-live=polite][role=status]").startswith("Finished: 3 failed")
