// Texts as googletest 1.12.1 writes them.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/worker/native/told.hpp"
#include "worker/frameworks/native/binary_kind.hpp"

using namespace xgrid;
using namespace xgrid::worker::native;

namespace {

const std::string listed =
    "Running main() from gtest_main.cc\n"
    "A.\n"
    "  passes\n"
    "  DISABLED_off\n"
    "DISABLED_B.\n"
    "  one\n"
    "Some/P.\n"
    "  odd/0  # GetParam() = 0\n"
    "  odd/1  # GetParam() = 1\n"
    "My/Ty/1.  # TypeParam = char\n"
    "  size\n";
const std::string report =
    R"({"tests": 2, "name": "AllTests", "testsuites": [{"name": "A", "tests": 1, "testsuite": [)"
    R"({"name": "passes", "file": "g.cpp", "line": 6}, {"name": "odd"}]}]})";

std::vector<Case> cases(const std::vector<std::string>& arguments = {}) {
    Result<std::vector<Case>> found =
        make_gtest()->cases({.out = listed, .report = report}, arguments);
    REQUIRE(found);
    return *found;
}

std::vector<Case> named(const std::vector<std::string>& names) {
    std::vector<Case> tests;
    for (const std::string& name : names) tests.push_back({.name = name, .path = "g.cpp"});
    return tests;
}

// Whatever the pieces in which it comes.
Told told(const std::vector<Case>& tests, const std::string& text, std::size_t piece) {
    Told heard;
    const Batch batch = make_gtest()->batch("./g", {}, tests);
    for (std::size_t from = 0; from < text.size(); from += piece) {
        batch.reader->read(Source::out, std::string_view(text).substr(from, piece), heard);
    }
    batch.reader->end(0, heard);
    heard.flush();
    return heard;
}

const std::string output =
    "[==========] Running 3 tests from 2 test suites.\n"
    "[----------] 3 tests from A\n"
    "[ RUN      ] A.passes\n"
    "hello\n"
    "[       OK ] A.passes (3 ms)\n"
    "[ RUN      ] A.fails\n"
    "halfg.cpp:7: Failure\n"
    "Expected equality of these values:\n"
    "  1\n"
    "  2\n"
    "\n"
    "[       OK ] A.passes (0 ms)\n"
    "other.h:12: Failure\n"
    "Failed\n"
    "[  FAILED  ] A.fails, where GetParam() = (1) (1200 ms)\n"
    "[ RUN      ] A.skips\n"
    "g.cpp:8: Skipped\n"
    "no reason\n"
    "\n"
    "[  SKIPPED ] A.skips (0 ms)\n"
    "[----------] 3 tests from A (3 ms total)\n"
    "[  FAILED  ] 1 test, listed below:\n";

}  // namespace

TEST_CASE("what a test has recorded is told when its process ends, from a report in any pieces") {
    const std::string recorded =
        R"({"tests": 2, "testsuites": [{"name": "A", "testsuite": [{"name": "passes", "file": )"
        R"("g.cpp", "line": 6, "status": "RUN", "result": "COMPLETED", "timestamp": "x", "time": )"
        R"("0s", "classname": "A", "key": "value", "size": "3"}, {"name": "fails", "status": "RUN")"
        R"(, "failures": [{"failure": "f", "type": ""}]}, {"name": "unknown", "key": "v"}]}]})";
    const std::vector<Case> tests = named({"A.passes", "A.fails"});
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
        Told heard;
        const Batch batch = make_gtest()->batch("./g", {}, tests);
        for (std::size_t from = 0; from < recorded.size(); from += piece) {
            batch.reader->read(Source::report, std::string_view(recorded).substr(from, piece),
                               heard);
        }
        CHECK(heard.lines.empty());
        batch.reader->end(0, heard);
        CHECK(heard.lines == std::vector<std::string>{"recorded 0 key=value", "recorded 0 size=3"});
    }
    Told none;
    const Batch cut = make_gtest()->batch("./g", {}, tests);
    cut.reader->read(Source::report, recorded.substr(0, 200), none);
    cut.reader->end(0, none);
    CHECK(none.lines.empty());
}

TEST_CASE("an environment that skips has skipped all tests") {
    const std::string skips =
        "[==========] Running 2 tests from 1 test suite.\n"
        "[----------] Global test environment set-up.\n"
        "e.cc:39: Skipped\n"
        "no such device\n"
        "\n"
        "[----------] Global test environment tear-down\n"
        "[==========] 2 tests from 1 test suite ran. (0 ms total)\n"
        "[  PASSED  ] 2 tests.\n";
    const std::vector<Case> tests = named({"A.one", "A.two"});
    const Told heard = told(tests, skips, 7);
    CHECK(heard.lines == std::vector<std::string>{"ended 0 skipped", "ended 1 skipped"});
    REQUIRE(heard.results.size() == 2);
    const Phase& phase = heard.results[1].details->phases.front();
    CHECK(phase.reason == "no such device");
    CHECK(phase.path == "e.cc");
    CHECK(phase.line == 39);
    // A crash on the way is none, and neither is what an environment says that goes on.
    Told crashed;
    const Batch batch = make_gtest()->batch("./g", {}, tests);
    batch.reader->read(Source::out, skips, crashed);
    batch.reader->end(139, crashed);
    CHECK(crashed.lines.empty());
    const std::string goes_on =
        "[----------] Global test environment set-up.\n"
        "made a folder\n"
        "[----------] 1 test from A\n"
        "[ RUN      ] A.one\n"
        "[       OK ] A.one (0 ms)\n";
    CHECK(told(tests, goes_on, 100).lines ==
          std::vector<std::string>{"out made a folder\n", "began 0", "ended 0 passed"});
}

TEST_CASE("a report that the user wants is not taken away") {
    const auto report_of = [](const std::vector<std::string>& arguments) {
        const Batch batch = make_gtest()->batch("./g", arguments, named({"A.passes"}));
        const auto& command = batch.program.command;
        return std::ranges::count_if(
            command, [](const std::string& word) { return word.starts_with("--gtest_output"); });
    };
    CHECK(report_of({}) == 1);
    CHECK(report_of({"--gtest_output=xml:own.xml"}) == 1);
}

TEST_CASE("the list has names, suites, places and what is disabled") {
    const std::vector<Case> tests = cases();
    std::vector<std::string> names;
    std::ranges::transform(tests, std::back_inserter(names), &Case::name);
    CHECK(names == std::vector<std::string>{"A.passes", "A.DISABLED_off", "DISABLED_B.one",
                                            "Some/P.odd/0", "Some/P.odd/1", "My/Ty/1.size"});
    CHECK(tests[0].path == "g.cpp");
    CHECK(tests[0].line == 6);
    CHECK(tests[3].suite == "Some/P");
    CHECK(tests[0].skip.empty());
    CHECK(tests[1].skip == "disabled");
    CHECK(tests[2].skip == "disabled");
    CHECK(cases({"--gtest_also_run_disabled_tests"})[1].skip.empty());
}

TEST_CASE("a list without places or with a broken report is a list") {
    for (const char* broken : {"", "{", "[]", R"({"testsuites": 3})",
                               R"({"testsuites": [{"name": "A", "testsuite": [{"file": 1}]}]})"}) {
        Result<std::vector<Case>> found =
            make_gtest()->cases({.out = listed, .report = broken}, {});
        REQUIRE(found);
        CHECK(found->size() == 6);
    }
}

TEST_CASE("a batch names its tests, in a file when they are many") {
    const Batch few = make_gtest()->batch("./g", {"--gtest_filter=user"}, named({"A.b", "C.d"}));
    CHECK(few.tests == 2);
    CHECK(few.program.command.back() == "--gtest_filter=A.b:C.d");
    CHECK(few.program.variables.at("GTEST_TOTAL_SHARDS") == std::nullopt);
    const Batch many =
        make_gtest()->batch("./g", {}, named(std::vector<std::string>(10'000, "A.tenletters")));
    CHECK(many.program.command.back() == "--gtest_flagfile=/dev/fd/4");
    CHECK(many.program.file.starts_with("--gtest_filter=A.tenletters:A."));
}

TEST_CASE("results are told as they come, with what was printed meanwhile") {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, output.size()}) {
        const Told heard = told(named({"A.passes", "A.fails", "A.skips"}), output, piece);
        CHECK(heard.lines ==
              std::vector<std::string>{"began 0", "out hello\n", "ended 0 passed",  //
                                       "began 1", "out half[       OK ] A.passes (0 ms)\n",
                                       "ended 1 failed", "began 2", "ended 2 skipped"});
        CHECK(heard.results[0].seconds[1] == doctest::Approx(0.003));
        CHECK(heard.results[1].seconds[1] == doctest::Approx(1.2));
        const Phase& failed = heard.results[1].details->phases.at(0);
        CHECK(failed.path == "g.cpp");
        CHECK(failed.line == 7);
        CHECK(failed.message == "Expected equality of these values:");
        CHECK(failed.text ==
              "g.cpp:7: Failure\nExpected equality of these values:\n  1\n  2\n\n"
              "other.h:12: Failure\nFailed\n");
        CHECK(heard.results[2].details->phases.at(0).reason == "no reason");
    }
}

TEST_CASE("any text is understood somehow, and no test is made up") {
    const std::vector<Case> tests = named({"A.passes", "A.fails", "A.skips"});
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text = output.substr(0, random() % output.size());
        for (int change = 0; change < 5 && !text.empty(); ++change) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        const Told heard = told(tests, text, 1 + random() % 50);
        CHECK(heard.largest < tests.size());
    }
}

TEST_CASE("only its own help makes it one") {
    CHECK(make_gtest()->recognises("  --gtest_list_tests\n      List the names of all tests"));
    CHECK_FALSE(make_gtest()->recognises("[doctest] doctest version is \"2.4.9\""));
}
