#include "client/settings.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Origin origin{"/p/xgrid.toml", "/p"};

using Texts = std::vector<std::string>;

// "name=value", in order.
Texts lines(const std::vector<Setting>& settings) {
    Texts found;
    for (const Setting& setting : settings) found.push_back(setting.name + "=" + setting.value);
    return found;
}

Texts toml(const std::string& text) {
    Texts warnings;
    auto table = parse_toml(text);
    REQUIRE(table);
    Result<std::vector<Setting>> settings = settings_of(*table, origin, warnings);
    Texts found = settings ? lines(*settings) : Texts{settings.error()};
    found.insert(found.end(), warnings.begin(), warnings.end());
    return found;
}

Texts variable(const std::string& name, const std::string& value) {
    Result<std::vector<Setting>> settings =
        settings_of_variable(name, value, {"the environment", "/p"});
    return settings ? lines(*settings) : Texts{settings.error()};
}

Texts addopts(const Texts& words) { return lines(settings_of_addopts(words, origin)); }

Texts conftest(const std::string& source) {
    Texts warnings;
    Texts found = lines(settings_of_conftest(source, {"/p/conftest.py", "/p"}, warnings));
    found.insert(found.end(), warnings.begin(), warnings.end());
    return found;
}

}  // namespace

TEST_CASE("a table of TOML presets options") {
    CHECK(toml("tx = ['2*popen', 'ssh=h']\nrsyncdir = '.'\nnumprocesses = 4\n") ==
          Texts{"numprocesses=4", "rsyncdir=.", "tx=2*popen", "tx=ssh=h"});
    CHECK(toml("numprocesses = 'auto'\ntimeout = 1.5\n") ==
          Texts{"numprocesses=auto", "timeout=1.5"});
    CHECK(toml("exitfirst = true\nno-confirm = false\ntx = []\n") ==
          Texts{"exitfirst=true", "no-confirm=false"});
    CHECK(toml("junitxml = 'out/r.xml'\njson = '-'\npython = 'python3.9'\n") ==
          Texts{"json=-", "junitxml=/p/out/r.xml", "python=python3.9"});
    CHECK(toml("python = 'venv/bin/python'\njson = '/r'\n") ==
          Texts{"json=/r", "python=/p/venv/bin/python"});
}

TEST_CASE("a name that is no setting is a warning, which names the file") {
    CHECK(toml("txx = 'popen'\ndist = 'no'\n") ==
          Texts{"dist=no", "no such setting: txx in /p/xgrid.toml"});
    CHECK(toml("[dist]\na = 1\n") == Texts{"dist in /p/xgrid.toml: wanted text, found a table"});
    CHECK(toml("[more]\n") == Texts{"no such setting: more in /p/xgrid.toml"});
}

TEST_CASE("a value of the wrong type is an error, which names file, setting and what was wanted") {
    CHECK(toml("dist = 1") == Texts{"dist in /p/xgrid.toml: wanted text, found a number"});
    CHECK(toml("dist = ''") == Texts{"dist in /p/xgrid.toml: wanted text, found nothing"});
    CHECK(toml("dist = ['no']") == Texts{"dist in /p/xgrid.toml: wanted text, found a list"});
    CHECK(toml("dist = \"a\\u0000\"") ==
          Texts{"dist in /p/xgrid.toml: wanted text, found nothing"});
    CHECK(toml("numprocesses = true") ==
          Texts{"numprocesses in /p/xgrid.toml: wanted a number, found true or false"});
    CHECK(toml("exitfirst = 'yes'") ==
          Texts{"exitfirst in /p/xgrid.toml: wanted true or false, found text"});
    CHECK(toml("tx = 3") ==
          Texts{"tx in /p/xgrid.toml: wanted text or a list of texts, found a number"});
    CHECK(toml("tx = ['popen', ['popen']]") ==
          Texts{"tx in /p/xgrid.toml: wanted text or a list of texts, found a list"});
    CHECK(toml("timeout = 1979-05-27") ==
          Texts{"timeout in /p/xgrid.toml: wanted a number, found a date"});
}

TEST_CASE("the environment presets options") {
    CHECK(variable("XGRID_NUMPROCESSES", "4") == Texts{"numprocesses=4"});
    CHECK(variable("XGRID_MAX_WORKER_RESTART", "0") == Texts{"max-worker-restart=0"});
    CHECK(variable("XGRID_TX", "2*popen 'popen//python=python3 -X dev'") ==
          Texts{"tx=2*popen", "tx=popen//python=python3 -X dev"});
    CHECK(variable("XGRID_EXITFIRST", "1") == Texts{"exitfirst=true"});
    CHECK(variable("XGRID_NO_CONFIRM", "off") == Texts{"no-confirm=false"});
    CHECK(variable("XGRID_NO_CONFIRM", "maybe") ==
          Texts{"no-confirm in the environment: wanted true or false, found 'maybe'"});
    CHECK(variable("XGRID_TX", "'a") == Texts{"tx in the environment: a quote that is not closed"});
    for (const char* other : {"XGRID_CACHE_HOME", "XGRID_", "TX", "xgrid_tx", "XGRID"}) {
        CHECK(variable(other, "x").empty());
    }
    CHECK(variable("XGRID_TX", "").empty());
}

TEST_CASE("addopts say what is ours, and the rest is pytest's") {
    CHECK(addopts({"-v", "-n", "4", "--dist", "loadscope", "--tx=popen", "-k", "-n", "--tb=short",
                   "--rsyncdir", "a b", "--maxfail=2"}) ==
          Texts{"numprocesses=4", "dist=loadscope", "tx=popen", "rsyncdir=a b", "maxfail=2"});
    CHECK(addopts({"-xvd", "-n4", "--exitfirst"}) ==
          Texts{"exitfirst=true", "dist=load", "numprocesses=4", "exitfirst=true"});
    CHECK(addopts({"-n"}).empty());
    CHECK(addopts({"--tx"}).empty());
    CHECK(addopts({"--exitfirst=1"}).empty());
    CHECK(addopts({"--timeout=3", "--python=x", "--json=r", "--", "-n4"}).empty());
}

TEST_CASE("a conftest.py says it in the words of 2009, too") {
    CHECK(conftest("option_tx = ['ssh=h', 'popen']\nrsyncdirs = ['.', '../plugins']\n"
                   "rsyncignore = ('_cache',)\noption_dist = 'each'\n") ==
          Texts{"dist=each", "rsyncdir=.", "rsyncdir=../plugins", "rsyncignore=_cache", "tx=ssh=h",
                "tx=popen"});
    CHECK(conftest("pytest_option_tx = ['popen']\npytest_option_dist = True\n") ==
          Texts{"dist=load", "tx=popen"});
    CHECK(conftest("option_tx = 'popen'\noption_tx = None\noption_dist = False\n").empty());
    CHECK(conftest("option_tx = ['a']\npytest_option_tx = ['b', '']\n") == Texts{"tx=b"});
    CHECK(conftest("rsyncdirs = [here]\n") ==
          Texts{"/p/conftest.py:1: rsyncdirs is not written as plain strings, and is ignored"});
}

TEST_CASE("an error calls a setting by where it stands") {
    CHECK(called({"dist", "x", {}}) == "--dist");
    CHECK(called({"dist", "x", origin}) == "dist in /p/xgrid.toml");
}

TEST_CASE("a broker's key is a word, or a file beside the one that names it") {
    CHECK(toml("broker-key = 'xgp1_AbC'") == Texts{"broker-key=xgp1_AbC"});
    CHECK(toml("broker-key = 'none'") == Texts{"broker-key=none"});
    CHECK(toml("broker-key = 'grid.key'\nkey = 'mine'") ==
          Texts{"broker-key=/p/grid.key", "key=/p/mine"});
    CHECK(variable("XGRID_BROKER_KEY", "xgp1_AbC") == Texts{"broker-key=xgp1_AbC"});
}
