#include "client/settings_files.hpp"

#include <map>

#include <doctest/doctest.h>

#include "client/sync_settings.hpp"
#include "shared/ensure.hpp"
#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

using Texts = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

// A home and a project, which names itself in each place that settings can stand in.
struct Places {
    TempFolder folder;
    Variables variables = {{"HOME", folder / "home"}};

    FoundSettings read(const Texts& arguments = {}, const std::string& from = "p/sub") const {
        return read_settings(pytest_question(folder.make(from), arguments), variables);
    }

    // "value <folder of its origin>", in order, of one setting.
    Texts values(const std::string& name, const Texts& arguments = {}) const {
        Texts found;
        for (const Setting& setting : read(arguments).values) {
            if (setting.name != name) continue;
            const std::string& at = setting.origin.folder;
            const bool ours = at.starts_with(folder.path());
            found.push_back(setting.value + " " + (ours ? at.substr(folder.path().size()) : at));
        }
        return found;
    }

    std::string fault(const Texts& arguments = {}) const {
        try {
            read(arguments);
            return "";
        } catch (const Fatal& error) {
            CHECK(error.exit_code == 4);
            return error.what();
        }
    }
};

}  // namespace

TEST_CASE("settings come in order of who overrides whom, each with its folder") {
    Places places;
    const TempFolder& folder = places.folder;
    folder.write("home/.config/xgrid/config.toml", "rsyncdir = 'user'\n");
    folder.write("p/xgrid.toml", "rsyncdir = ['project']\n");
    folder.write("p/pytest.ini", "[pytest]\nrsyncdirs = ini\naddopts = --rsyncdir=addopts\n");
    folder.write("p/conftest.py", "rsyncdirs = ['conftest']\n");
    places.variables["PYTEST_ADDOPTS"] = "--rsyncdir pytest_addopts";
    places.variables["XGRID_RSYNCDIR"] = "environment";
    CHECK(places.values("rsyncdir") == Texts{"user /home/.config/xgrid", "project /p", "ini /p",
                                             "addopts /p", "pytest_addopts /p/sub", "conftest /p",
                                             "environment /p/sub"});
    CHECK(places.read().project.root == folder / "p");
    CHECK(places.read().warnings.empty());
}

TEST_CASE("the user's file is where the environment says") {
    Places places;
    places.folder.write("home/.config/xgrid/config.toml", "dist = 'no'\n");
    places.folder.write("config/xgrid/config.toml", "dist = 'load'\n");
    CHECK(places.values("dist") == Texts{"no /home/.config/xgrid"});
    places.variables["XDG_CONFIG_HOME"] = places.folder / "config";
    CHECK(places.values("dist") == Texts{"load /config/xgrid"});
    places.variables["XDG_CONFIG_HOME"] = "config";  // must be absolute: else it is as if not set
    CHECK(places.values("dist") == Texts{"no /home/.config/xgrid"});
    places.variables.clear();
    CHECK(places.values("dist").empty());
}

TEST_CASE("pyproject.toml speaks to xgrid in its own table") {
    Places places;
    places.folder.write("p/pyproject.toml", "[tool.xgrid]\ntx = ['popen']\n[tool.pytest]\n");
    CHECK(places.values("tx") == Texts{"popen /p"});
}

TEST_CASE("the ini's other words are heard, too") {
    Places places;
    places.folder.write("p/tox.ini",
                        "[pytest]\nrsyncignore =\n  *.log\n  build/\nlooponfailroots = a /b\n"
                        "addopts = -q -n 3 --strict-markers\n");
    CHECK(places.values("rsyncignore") == Texts{"*.log /p", "build/ /p"});
    CHECK(places.values("numprocesses") == Texts{"3 /p"});
    CHECK(places.read().watch_roots == Texts{places.folder / "p/a", "/b"});
    CHECK(places.values("numprocesses", {"-o", "addopts=-v"}).empty());
}

TEST_CASE("a conftest.py counts in pytest's root, unless pytest is to take none") {
    Places places;
    places.folder.write("p/pytest.ini", "");
    places.folder.write("p/conftest.py",
                        "import os\npytest_option_tx = ['popen']\nrsyncdirs = os\n");
    places.folder.write("p/sub/conftest.py", "option_tx = ['ssh=h']\n");
    CHECK(places.values("tx") == Texts{"popen /p"});
    CHECK(places.values("tx", {"--noconftest"}).empty());
    CHECK(places.read().warnings == Texts{places.folder / "p/conftest.py" +
                                          ":3: rsyncdirs is not written as plain strings, and is "
                                          "ignored"});
}

TEST_CASE("what is wrong in a file of xgrid's is an error that names it") {
    Places places;
    const std::string file = places.folder.write("p/xgrid.toml", "a = \n");
    CHECK(places.fault().starts_with("cannot read " + file + ": line 1: "));
    places.folder.write("p/xgrid.toml", "dist = 3\n");
    CHECK(places.fault() == "dist in " + file + ": wanted text, found a number");
    places.folder.write("p/xgrid.toml", "disst = 3\n");
    CHECK(places.fault().empty());
    CHECK(places.read().warnings == Texts{"no such setting: disst in " + file});
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    CHECK(places.fault() == "cannot read " + file + ": it is no file");
    std::filesystem::remove(file);
    places.variables["XGRID_EXITFIRST"] = "perhaps";
    CHECK(places.fault() == "exitfirst in the environment: wanted true or false, found 'perhaps'");
}

TEST_CASE("what is wrong in a file of pytest's is not ours to say") {
    Places places;
    places.folder.write("p/pytest.ini", "[pytest]\naddopts = '\nrsyncdirs = '\n");
    places.folder.write("p/conftest.py", std::string("\0'''\xff", 5));
    places.variables["PYTEST_ADDOPTS"] = "'";
    CHECK(places.fault().empty());
    CHECK(places.read().values.empty());
}

TEST_CASE("folders that travel are absolute, and there") {
    const TempFolder folder;
    folder.make("p/pkg");
    folder.make("other");
    folder.write("p/file", "");
    std::filesystem::create_symlink(folder / "other", folder / "p/link");
    const Origin ini{folder / "p/pytest.ini", folder / "p"};
    const Origin line{"", folder / "p/pkg"};
    const SyncSettings found = sync_settings(folder / "p", {{"rsyncdir", "pkg/.", ini},
                                                            {"rsyncdir", ".", line},
                                                            {"rsyncdir", "../link/", line},
                                                            {"rsyncdir", folder / "p", line},
                                                            {"tx", "popen", line},
                                                            {"rsyncignore", "*.log", ini},
                                                            {"rsyncignore", "*.log", line},
                                                            {"rsyncignore", "build/", ini},
                                                            {"rsyncignore", "../a/*.o", line},
                                                            {"keep", ".cache", ini},
                                                            {"keep", "./out", ini}});
    CHECK(found == SyncSettings{.root = folder / "p",
                                .folders = {folder / "p/pkg", folder / "other", folder / "p"},
                                .ignores = {"*.log", "build", folder / "p/a/*.o"},
                                .keep = {".cache", folder / "p/out"}});
    const auto fault = [&](const std::string& value, const Origin& origin) -> std::string {
        try {
            sync_settings(folder.path(), {{"rsyncdir", value, origin}});
            return "";
        } catch (const Fatal& error) {
            CHECK(error.exit_code == 4);
            return error.what();
        }
    };
    CHECK(fault("x", line) == "rsyncdir doesn't exist: 'x'");
    CHECK(fault("x", ini) == "rsyncdir doesn't exist: 'x' (in " + ini.name + ")");
    CHECK(fault("file/x", ini).starts_with("rsyncdir doesn't exist: 'file/x'"));
    CHECK(fault("file", ini) == "rsyncdir is not a folder: 'file' (in " + ini.name + ")");
}
