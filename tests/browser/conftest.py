"""Pages in a real browser. XGRID names the binary; the interpreter that runs these tests runs theirs."""

import pytest

import webdriver


@pytest.fixture(scope="session")
def the_browser(tmp_path_factory):
    reason = webdriver.missing()
    if reason:
        pytest.skip(reason)
    browser = webdriver.Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(the_browser):
    """As every reader has it first; in the end no script of the test's pages may have failed."""
    the_browser.prefer("light")
    the_browser.resize(1280, 800)
    the_browser.troubles()
    yield the_browser
    assert the_browser.troubles() == []
