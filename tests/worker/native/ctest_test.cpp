// The framework as the engine uses it, with ctest's answers as texts.
#include "worker/frameworks/native/ctest.hpp"

#include <fstream>

#include <doctest/doctest.h>

#include "tests/worker/native/told.hpp"
#include "tests/worker/workspace/models.hpp"

using namespace xgrid;
using namespace xgrid::worker;
using namespace xgrid::worker::native;

namespace {

std::string test(const std::string& name, const std::string& properties,
                 const std::string& command = R"("command": ["/bin/sh", "-c", "x"],)") {
    return "{" + command + R"("name": ")" + name +
           R"(", "properties": [{"name": "WORKING_DIRECTORY", "value": "/"})" + properties + "]}";
}

std::string property(const std::string& name, const std::string& value) {
    return R"(, {"name": ")" + name + R"(", "value": )" + value + "}";
}

std::string listing_of(const std::vector<std::string>& tests) {
    std::string text = R"({"backtraceGraph": {}, "kind": "ctestInfo", "tests": [)";
    for (const std::string& one : tests) text += (text.ends_with('[') ? "" : ",") + one;
    return text + R"(], "version": {"major": 1, "minor": 0}})";
}

/// A build folder in which ctest gives that listing.
struct Built {
    TemporaryFolder folder;
    Ran ran;
    std::vector<Program> programs;

    explicit Built(const std::vector<std::string>& tests) : ran{.out = listing_of(tests)} {
        std::ofstream(folder.path() / "CTestTestfile.cmake") << "\n";
    }
    std::unique_ptr<Framework> framework(std::vector<std::string> arguments = {}) {
        return make_ctest({.directory = folder.path(), .arguments = std::move(arguments)});
    }
    RunProgram run() {
        return [this](const Program& program) -> Result<Ran> {
            programs.push_back(program);
            return ran;
        };
    }
};

struct Done {
    Program program;
    Told heard;

    Outcome outcome() const { return heard.results.at(0).outcome; }
    std::string message() const { return heard.results.at(0).details->phases.at(0).message; }
};

Done run_one(Framework& framework, const std::string& unit, const Case& one, int status = 0,
             const std::string& out = "") {
    Batch batch = framework.batch(unit, std::span(&one, 1));
    REQUIRE(batch.tests == 1);
    Done done{.program = batch.program};
    batch.reader->start(done.heard);
    batch.reader->read(Source::out, out, done.heard);
    batch.reader->end(status, done.heard);
    REQUIRE(done.heard.results.size() == 1);
    return done;
}

const std::vector<std::string> around_a_fixture = {
    test("set up", property("FIXTURES_SETUP", R"(["DB"])")),
    test("use", property("FIXTURES_REQUIRED", R"(["DB"])") + property("DEPENDS", R"(["set up"])")),
    test("clean up",
         property("FIXTURES_CLEANUP", R"(["DB"])") + property("DEPENDS", R"(["use", "set up"])"))};

}  // namespace

TEST_CASE("ctest: its tests are units, and options that select go to its listing") {
    Built built({test("a", ""), test("b", "")});
    const auto framework = built.framework({"-L", "quick"});
    auto units = framework->enumerate(built.run());
    REQUIRE(units);
    CHECK(units->names == std::vector<std::string>{"a", "b"});
    REQUIRE(built.programs.size() == 1);
    CHECK(built.programs[0].command ==
          std::vector<std::string>{"ctest", "--show-only=json-v1", "-L", "quick"});
    CHECK(built.programs[0].directory == built.folder.path());
    auto cases = framework->load("b", built.run());
    REQUIRE(cases);
    CHECK(cases->tests.at(0).name == "b");
    CHECK(built.programs.size() == 1);
    CHECK_FALSE(framework->load("c", built.run()));
    CHECK_FALSE(framework->keeps_together("a"));
}

TEST_CASE("ctest: -k chooses units by the names of their tests") {
    Built built(
        {test("one", ""), test("two", ""), test("three", property("DEPENDS", R"(["two"])"))});
    auto units = built.framework({"-k", "three"})->enumerate(built.run());
    REQUIRE(units);
    CHECK(units->names == std::vector<std::string>{"two"});
    CHECK_FALSE(built.framework({"-k", "("})->enumerate(built.run()));
}

TEST_CASE("ctest: a folder without tests, or a listing that failed, is an error") {
    TemporaryFolder empty;
    Built built({});
    auto nowhere = make_ctest({.directory = empty.path()})->enumerate(built.run());
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().find("has no CTestTestfile.cmake") != std::string::npos);

    built.ran = {.status = 1 << 8, .err = "no such preset"};
    auto failed = built.framework()->enumerate(built.run());
    REQUIRE_FALSE(failed);
    CHECK(failed.error().find("no such preset") != std::string::npos);

    built.ran = {.out = listing_of({test("a", "", R"("command": ["NOT_AVAILABLE"],)")})};
    auto unconfigured = built.framework()->enumerate(built.run());
    REQUIRE_FALSE(unconfigured);
    CHECK(unconfigured.error().find("say -C NAME") != std::string::npos);

    built.ran = {.out = listing_of({})};
    auto none = built.framework()->enumerate(built.run());
    REQUIRE(none);
    CHECK(none->names.empty());
}

TEST_CASE("ctest: a copy of a build folder is refused, the folder itself is not") {
    Built built({test("a", "")});
    const auto configured_as = [&](const std::string& path) {
        std::ofstream(built.folder.path() / "CMakeCache.txt")
            << "# x\nCMAKE_CACHEFILE_DIR:INTERNAL=" << path << "\nOTHER:STRING=1\n";
        return built.framework()->enumerate(built.run());
    };
    CHECK(configured_as(built.folder.path().string()));
    auto moved = configured_as("/nowhere/at/all");
    REQUIRE_FALSE(moved);
    CHECK(moved.error().find("it was configured as /nowhere/at/all,") != std::string::npos);
}

TEST_CASE("ctest: the build folder below is found by itself") {
    TemporaryFolder project;
    std::filesystem::create_directory(project.path() / "build");
    std::ofstream(project.path() / "build/CTestTestfile.cmake") << "\n";
    Built built({test("a", "")});
    const auto framework = make_ctest({.directory = project.path()});
    REQUIRE(framework->enumerate(built.run()));
    CHECK(built.programs.at(0).directory == project.path() / "build");
}

TEST_CASE("ctest: a test is run as it says, and judged by what it prints") {
    Built built({test("a", property("ENVIRONMENT", R"(["A=1"])") + property("TIMEOUT", "5") +
                               property("LABELS", R"(["quick"])") +
                               property("PASS_REGULAR_EXPRESSION", R"(["fine"])"))});
    const auto framework = built.framework();
    auto cases = framework->load("a", built.run());
    REQUIRE(cases);
    CHECK(cases->tests.at(0).timeout_seconds == 5);
    const Done good = run_one(*framework, "a", cases->tests.at(0), 1 << 8, "fine");
    CHECK(good.program.command == std::vector<std::string>{"/bin/sh", "-c", "x"});
    CHECK(good.program.variables.at("A") == "1");
    CHECK(good.program.directory == "/");
    CHECK(good.program.one_stream);
    CHECK(good.outcome() == Outcome::passed);
    CHECK(good.heard.lines == std::vector<std::string>{"began 0", "out fine", "ended 0 passed"});
    CHECK(good.heard.results.at(0).details->properties ==
          std::vector<std::pair<std::string, std::string>>{{"label", "quick"}});
    CHECK(run_one(*framework, "a", cases->tests.at(0), 0, "bad").outcome() == Outcome::failed);
}

TEST_CASE("ctest: a limit is the test's own, the run's, or the build folder's") {
    Built built(
        {test("own", property("TIMEOUT", "5")), test("none", property("TIMEOUT", "0")),
         test("default", ""),
         test("two", property("TIMEOUT", "5") +
                         property("TIMEOUT_AFTER_MATCH", R"({"regex":[], "timeout": 3})"))});
    std::ofstream(built.folder.path() / "DartConfiguration.tcl") << "# x\nTimeOut: 1500\n";
    const auto limit = [&](Framework& framework, const std::string& unit) {
        return framework.load(unit, built.run())->tests.at(0).timeout_seconds;
    };
    const auto framework = built.framework();
    CHECK(limit(*framework, "own") == 5);
    CHECK(limit(*framework, "none") == 0);
    CHECK(limit(*framework, "default") == 1500);
    CHECK(limit(*framework, "two") == 8);
    CHECK(limit(*built.framework({"--timeout", "7"}), "default") == 7);
}

TEST_CASE("ctest: a test that is disabled is not run, and no failure") {
    Built built({test("a", property("DISABLED", "true"))});
    CHECK(built.framework()->load("a", built.run())->tests.at(0).skip == "Not Run (Disabled)");
}

TEST_CASE("ctest: a test that cannot be started is not run, which is a failure") {
    const std::string nowhere = R"("command": ["/nowhere/program"],)";
    const std::string unprogram = R"("command": ["/etc/passwd"],)";
    Built built({test("program", "", nowhere), test("right", "", unprogram),
                 test("file", property("REQUIRED_FILES", R"(["/nowhere/file"])")),
                 test("folder", property("WORKING_DIRECTORY", R"("/nowhere")")),
                 test("environment", property("ENVIRONMENT_MODIFICATION", R"(["A=frob:"])"))});
    const auto framework = built.framework();
    for (const auto& [unit, why] : std::vector<std::pair<std::string, std::string>>{
             {"program", "Unable to find executable: /nowhere/program"},
             {"right", "Process not started: /etc/passwd"},
             {"file", "Unable to find required file: /nowhere/file"},
             {"folder", "Failed to change working directory to /nowhere"},
             {"environment", "ENVIRONMENT_MODIFICATION has an unknown operation: A=frob:"}}) {
        auto cases = framework->load(unit, built.run());
        REQUIRE(cases);
        const Done done = run_one(*framework, unit, cases->tests.at(0));
        CHECK(done.outcome() == Outcome::failed);
        CHECK(done.message() == "Not run: " + why);
    }
}

TEST_CASE("ctest: where a fixture's setup failed, what requires it is not run") {
    Built built(around_a_fixture);
    const auto framework = built.framework();
    auto cases = framework->load("fixtures:DB", built.run());
    REQUIRE(cases);
    REQUIRE(cases->tests.size() == 3);
    CHECK(framework->keeps_together("fixtures:DB"));
    CHECK(run_one(*framework, "fixtures:DB", cases->tests.at(0), 1 << 8).outcome() ==
          Outcome::failed);
    const Done use = run_one(*framework, "fixtures:DB", cases->tests.at(1));
    CHECK(use.outcome() == Outcome::failed);
    CHECK(use.message() == "Not run: Failed test dependencies: set up");
    CHECK(run_one(*framework, "fixtures:DB", cases->tests.at(2)).outcome() == Outcome::passed);
}

TEST_CASE("ctest: where a fixture's setup was killed at its limit, what requires it is not run") {
    Built built(around_a_fixture);
    const auto framework = built.framework();
    auto cases = framework->load("fixtures:DB", built.run());
    REQUIRE(cases);
    framework->batch("fixtures:DB", std::span(cases->tests).subspan(0, 1));
    CHECK(run_one(*framework, "fixtures:DB", cases->tests.at(1)).outcome() == Outcome::failed);
}

TEST_CASE("ctest: where a fixture's setup passed, what requires it is run") {
    Built built(around_a_fixture);
    const auto framework = built.framework();
    auto cases = framework->load("fixtures:DB", built.run());
    REQUIRE(cases);
    run_one(*framework, "fixtures:DB", cases->tests.at(0));
    CHECK(run_one(*framework, "fixtures:DB", cases->tests.at(1)).program.command.front() ==
          "/bin/sh");
}

TEST_CASE("ctest: a test whose fixture was not set up here is run by ctest, with its fixture") {
    Built built(around_a_fixture);
    const auto framework = built.framework({"-C", "Debug", "-R", "x"});
    auto cases = framework->load("fixtures:DB", built.run());
    REQUIRE(cases);
    const Done use = run_one(*framework, "fixtures:DB", cases->tests.at(1), 8 << 8,
                             "    Start 1: set up\n1/2 Test #1: set up ....   Passed    0.01 sec\n"
                             "2/2 Test #2: use .......***Failed    0.01 sec\n");
    CHECK(use.program.command ==
          std::vector<std::string>{"ctest", "--output-on-failure", "-R", "^use$", "-C", "Debug"});
    CHECK(use.outcome() == Outcome::failed);
    CHECK(use.message() == "Failed");
}

TEST_CASE("ctest: a test whose program was not there at the listing is run by ctest, alone") {
    Built built({test("a", "", "")});
    const auto framework = built.framework();
    auto cases = framework->load("a", built.run());
    REQUIRE(cases);
    const auto run = [&](const std::string& out) {
        return run_one(*framework, "a", cases->tests.at(0), 0, out);
    };
    const Done good = run("1/1 Test #5: a ................   Passed    0.01 sec\n");
    CHECK(good.program.command ==
          std::vector<std::string>{"ctest", "--output-on-failure", "-R", "^a$", "-FA", ".*"});
    CHECK(good.outcome() == Outcome::passed);
    CHECK(run("1/1 Test #5: a ................***Skipped   0.01 sec\n").outcome() ==
          Outcome::skipped);
    CHECK(run("1/1 Test #5: a ................***Not Run   0.01 sec\n").message() == "Not Run");
    CHECK(run("nothing of it").outcome() == Outcome::failed);
}
