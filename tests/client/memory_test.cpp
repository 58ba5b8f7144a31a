#include "client/memory.hpp"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

namespace fs = std::filesystem;

// A cache, and a project with the files test_a.py and test_b.py.
struct Fixture {
    std::string folder = (fs::temp_directory_path() / "xgrid-memory-XXXXXX").string();
    fs::path project;

    Fixture() {
        REQUIRE(mkdtemp(folder.data()) != nullptr);
        setenv("XGRID_CACHE_HOME", (folder + "/cache").c_str(), 1);
        project = fs::path(folder) / "project";
        fs::create_directory(project);
        for (const char* name : {"test_a.py", "test_b.py"}) std::ofstream(project / name) << "\n";
    }
    ~Fixture() {
        unsetenv("XGRID_CACHE_HOME");
        fs::remove_all(folder);
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    Memory begun(const std::string& directory) const {
        Memory memory(directory);
        memory.add(WorkerUp{.worker = "gw0", .facts = {.root = project}});
        return memory;
    }

    void learn(const std::string& unit, Outcome outcome = Outcome::passed,
               bool was_failing = true) const {
        Memory memory = begun(project);
        memory.add(
            TestFinished{.unit = unit, .result = {.outcome = outcome}, .was_failing = was_failing});
        memory.write();
    }

    std::vector<std::string> known() const { return Memory(project).collected_units(); }

    fs::path file() const { return fs::directory_iterator(folder + "/cache/projects")->path(); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a unit with a test that has passed after all is remembered") {
    learn("test_b.py");
    learn("test_a.py");
    CHECK(known() == std::vector<std::string>{"test_a.py", "test_b.py"});
    CHECK(Memory(project / "other").collected_units().empty());
}

TEST_CASE_FIXTURE(Fixture, "what failed twice, or passed at once, is nothing to remember") {
    learn("test_a.py", Outcome::failed);
    learn("test_b.py", Outcome::passed, false);
    CHECK(known().empty());
}

TEST_CASE_FIXTURE(Fixture, "a test that passes when it runs again tells nothing of its unit") {
    Memory memory = begun(project);
    const TestFinished passed{.unit = "test_a.py", .test = {"a"}, .was_failing = true};
    memory.add(TestFailing{.unit = "test_a.py", .test = {"a"}, .retried = true});
    memory.add(passed);
    memory.write();
    CHECK(known().empty());
    SUBCASE("unless it failed each time, and was confirmed") {
        memory.add(TestFailing{.unit = "test_a.py", .test = {"a"}, .retried = true});
        memory.add(TestFailing{.unit = "test_a.py", .test = {"a"}});
        memory.add(passed);
        memory.write();
        CHECK(known() == std::vector<std::string>{"test_a.py"});
    }
}

TEST_CASE_FIXTURE(Fixture, "a unit whose file is gone is forgotten") {
    learn("test_a.py");
    learn("test_b.py");
    fs::remove(project / "test_b.py");
    begun(project).write();
    CHECK(known() == std::vector<std::string>{"test_a.py"});
}

TEST_CASE_FIXTURE(Fixture, "runs at the same time remember what each has learnt") {
    Memory one = begun(project);
    one.add(TestFinished{.unit = "test_a.py", .was_failing = true});
    learn("test_b.py");
    one.write();
    CHECK(known().size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a file that makes no sense is no memory, and is written anew") {
    learn("test_a.py");
    for (const char* text : {"", "{", "[]", "{\"project\": 1}", "null", "\xff"}) {
        std::ofstream(file()) << text;
        CHECK(known().empty());
    }
    learn("test_b.py");
    CHECK(known() == std::vector<std::string>{"test_b.py"});
}

TEST_CASE_FIXTURE(Fixture, "where nothing can be written nothing is remembered") {
    std::ofstream(folder + "/cache") << "no folder";
    learn("test_a.py");
    CHECK(known().empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "tests that failed when they last ran are remembered, in any environment") {
    const auto run = [&](const std::vector<std::pair<std::string, Outcome>>& results) {
        Memory memory = begun(project);
        for (const auto& [id, outcome] : results) {
            memory.add(TestFinished{.test = {id}, .result = {.outcome = outcome}});
        }
        memory.write();
        return Memory(project).failed();
    };
    using Ids = std::vector<std::string>;
    CHECK(run({{"a", Outcome::failed}, {"b", Outcome::passed}, {"c", Outcome::error}}) ==
          Ids{"a", "c"});
    CHECK(run({{"b", Outcome::failed}, {"b", Outcome::passed}}) == Ids{"a", "b", "c"});
    CHECK(run({{"a", Outcome::passed}, {"c", Outcome::skipped}}) == Ids{"b"});
    learn("test_b.py");  // what else is remembered goes with it
    CHECK(Memory(project).failed() == Ids{"b"});
    CHECK(run({{"b", Outcome::xfailed}}).empty());
    CHECK(known() == Ids{"test_b.py"});
}
