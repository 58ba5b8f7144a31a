#include "client/pytest_ini.hpp"

#include <filesystem>

#include <doctest/doctest.h>

#include "tests/client/temp_folder.hpp"

using namespace xgrid::client;

namespace {

using Words = std::vector<std::string>;

// The file that counts, and the root.
std::pair<std::string, std::string> found(const TempFolder& folder, const Words& targets = {},
                                          const std::string& from = "") {
    const PytestIni ini = find_pytest_ini(
        {.directory = from.empty() ? folder.path() : folder / from, .targets = targets});
    const auto relative = [&](const std::string& path) {
        return path.starts_with(folder.path()) ? path.substr(folder.path().size()) : path;
    };
    return {relative(ini.file), relative(ini.root)};
}

using Pair = std::pair<std::string, std::string>;

}  // namespace

TEST_CASE("files of one folder count in pytest's order, if they speak to pytest") {
    const TempFolder folder;
    CHECK(found(folder).first.empty());
    folder.write("setup.cfg", "[tool:pytest]\n");
    CHECK(found(folder) == Pair{"/setup.cfg", ""});
    folder.write("tox.ini", "[tox]\n");
    CHECK(found(folder).first == "/setup.cfg");
    folder.write("tox.ini", "[pytest]\n");
    CHECK(found(folder).first == "/tox.ini");
    folder.write("pyproject.toml", "[tool.other]\n");
    CHECK(found(folder).first == "/tox.ini");
    folder.write("pyproject.toml", "[tool.pytest.ini_options]\n");
    CHECK(found(folder).first == "/pyproject.toml");
    folder.write(".pytest.ini", "");
    CHECK(found(folder).first == "/.pytest.ini");
    folder.write("pytest.ini", "");
    CHECK(found(folder).first == "/pytest.ini");
    folder.write("pytest.toml", "[pytest]\n");
    CHECK(found(folder).first == "/pytest.toml");
}

TEST_CASE("the nearest above what the targets share counts") {
    const TempFolder folder;
    folder.write("pytest.ini", "[pytest]\n");
    folder.write("a/tox.ini", "[pytest]\n");
    folder.write("a/one/test_x.py", "");
    folder.write("a/two/test_y.py", "");
    CHECK(found(folder) == Pair{"/pytest.ini", ""});
    CHECK(found(folder, {"a/one/test_x.py::test_z[a/b]"}) == Pair{"/a/tox.ini", "/a"});
    CHECK(found(folder, {"a/one", "a/two/test_y.py"}) == Pair{"/a/tox.ini", "/a"});
    CHECK(found(folder, {"a/one", "."}) == Pair{"/pytest.ini", ""});
    CHECK(found(folder, {"not_there"}, "a/one") == Pair{"/a/tox.ini", "/a"});
    CHECK(found(folder, {"../two/"}, "a/one") == Pair{"/a/tox.ini", "/a"});
}

TEST_CASE("without a file the root is that of setup.py, or what all share") {
    const TempFolder folder;
    folder.make("a/b/c");
    CHECK(found(folder, {"c"}, "a/b") == Pair{"", "/a/b"});
    CHECK(found(folder, {"../../a"}, "a/b") == Pair{"", "/a"});
    folder.write("a/setup.py", "");
    CHECK(found(folder, {"c"}, "a/b") == Pair{"", "/a"});
    folder.write("pyproject.toml", "[project]\n");
    CHECK(found(folder, {"c"}, "a/b") == Pair{"/pyproject.toml", ""});
}

TEST_CASE("the command line may name the file, the root and values") {
    const TempFolder folder;
    folder.write("pytest.ini", "[pytest]\naddopts = -n 3\n");
    folder.write("other/my.ini", "[pytest]\nrsyncdirs = a 'b c'\n d\n");
    const auto ini = [&](const Words& arguments) {
        return find_pytest_ini(pytest_question(folder.path(), arguments));
    };
    for (const Words& arguments : {Words{"-c", "other/my.ini"}, Words{"-cother/my.ini"},
                                   Words{"--config-file=other/my.ini"}}) {
        const PytestIni found = ini(arguments);
        CHECK(found.file == folder / "other/my.ini");
        CHECK(found.root == folder / "other");
        CHECK(*found.words("rsyncdirs") == Words{"a", "b c", "d"});
        CHECK(found.words("addopts")->empty());
    }
    CHECK(ini({"-c", "not_there.ini"}).values.empty());
    CHECK(ini({"--rootdir", "other"}).root == folder / "other");
    CHECK(ini({"--rootdir", "other"}).file == folder / "pytest.ini");
    CHECK(*ini({"-o", "addopts=-n 5"}).words("addopts") == Words{"-n", "5"});
    CHECK(ini({"--override-ini=addopts="}).words("addopts")->empty());
    CHECK(!ini({"-o", "addopts='"}).words("addopts"));
}

TEST_CASE("targets are what is neither an option nor its value") {
    const PytestQuestion question = pytest_question(
        "/p", {"a", "-k", "b", "-v", "--tb", "c", "--ignore=d", "e::f", "--odd", "g", "--", "-h"});
    CHECK(question.targets == Words{"a", "e::f", "g", "-h"});
    CHECK(question.conftest);
    CHECK(!pytest_question("/p", {"--noconftest"}).conftest);
}

TEST_CASE("values come from each kind of file; what is wrong in one is for pytest to say") {
    const TempFolder folder;
    const auto words = [&](const std::string& name, const std::string& text) {
        const PytestIni ini =
            find_pytest_ini({.directory = folder.path(), .config_file = folder.write(name, text)});
        return *ini.words("rsyncdirs");
    };
    CHECK(words("a.cfg", "[tool:pytest]\nrsyncdirs = a b\n") == Words{"a", "b"});
    CHECK(words("pyproject.toml", "[tool.pytest.ini_options]\nrsyncdirs = ['a b', 'c']\n") ==
          Words{"a b", "c"});
    CHECK(words("pyproject.toml", "[tool.pytest.ini_options]\nrsyncdirs = 'a b'\n") ==
          Words{"a", "b"});
    CHECK(words("pyproject.toml", "[tool.pytest]\nrsyncdirs = ['a b']\n") == Words{"a b"});
    CHECK(words("pytest.toml", "[pytest]\nrsyncdirs = ['a b']\n") == Words{"a b"});
    CHECK(words("pytest.toml", "[pytest\n").empty());
    CHECK(words("pytest.ini", "word\n").empty());
    CHECK(found(folder).first == "/pytest.toml");
}
