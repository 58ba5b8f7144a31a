#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/worker/native/report_events.hpp"
#include "worker/frameworks/native/binary_kind.hpp"

namespace xgrid::worker::native {
namespace {

using Words = std::vector<std::string>;

std::string list_of(const std::string& tests) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MatchingTests>\n" + tests +
           "</MatchingTests>\n";
}

std::string listed(const std::string& name, int line, const std::string& tags = "") {
    return fmt::format(
        "  <TestCase>\n    <Name>{}</Name>\n    <ClassName/>\n    <Tags>{}</Tags>\n"
        "    <SourceInfo>\n      <File>a.cpp</File>\n      <Line>{}</Line>\n    </SourceInfo>\n"
        "  </TestCase>\n",
        name, tags, line);
}

std::vector<Case> cases_of(const std::string& list) {
    Result<std::vector<Case>> cases = make_catch2()->cases(printed_list(list), {});
    REQUIRE(cases);
    return *cases;
}

Batch batch_of(const std::vector<Case>& tests, const Words& arguments = {}) {
    return make_catch2()->batch("./t", arguments, tests);
}

// How one of version 3 is selected that is listed first.
std::string selection(const std::string& tests) {
    return batch_of({cases_of(list_of(tests))[0]}).program.file;
}

const std::string report = R"(<?xml version="1.0" encoding="UTF-8"?>
<Catch2TestRun name="t" rng-seed="800344430" xml-format-version="3" catch2-version="3.7.1">
  <TestCase name="fine" tags="[a]" filename="a.cpp" line="1">
    <OverallResult success="true" skips="0" durationInSeconds="0.25">
      <StdOut>
hello
      </StdOut>
      <StdErr>
oh
      </StdErr>
    </OverallResult>
  </TestCase>
  <TestCase name="of others" filename="a.cpp" line="2">
    <OverallResult success="true" skips="0" durationInSeconds="0.25"/>
  </TestCase>
  <TestCase name="a &lt; b, &quot;c&quot;" filename="a.cpp" line="3">
    <Section name="one" filename="a.cpp" line="4">
      <Section name="deep" filename="a.cpp" line="5">
        <Info>
          x := 3
        </Info>
        <Expression success="false" type="CHECK" filename="a.cpp" line="8">
          <Original>
            x == 4
          </Original>
          <Expanded>
            3 == 4
          </Expanded>
        </Expression>
        <OverallResults successes="0" failures="1" expectedFailures="0" skipped="false"/>
      </Section>
    </Section>
    <Warning>
      beware
    </Warning>
    <Failure filename="a.cpp" line="9">
      never
    </Failure>
    <Exception filename="a.cpp" line="3">
      thrown &lt;&amp;>
    </Exception>
    <OverallResult success="false" skips="0" durationInSeconds="7e-06"/>
  </TestCase>
  <OverallResults successes="2" failures="1" expectedFailures="0" skips="0"/>
  <OverallResultsCases successes="2" failures="1" expectedFailures="0" skips="0"/>
</Catch2TestRun>
)";

const std::vector<Case> reported = {{.name = " fine ", .path = "a.cpp", .line = 1},
                                    {.name = "a < b, \"c\"", .path = "a.cpp", .line = 3}};

std::unique_ptr<Reader> reported_reader() { return batch_of(reported).reader; }

// What one test comes to that ends like that.
ReportEvents end_of(const std::string& tags, const std::string& inside, const std::string& totals) {
    const std::vector<Case> tests = {{.name = "t", .path = "a.cpp", .line = 1}};
    return told([&] { return batch_of(tests).reader; }, 1,
                fmt::format("<Catch><Group><TestCase name=\"t\" tags=\"{}\" filename=\"a.cpp\" "
                            "line=\"1\">{}<OverallResult {}/></TestCase>",
                            tags, inside, totals));
}

const std::string failure = "<Failure filename=\"a.cpp\" line=\"2\">never</Failure>";

TEST_CASE("Catch2 is known by its help") {
    const auto kind = make_catch2();
    CHECK(kind->recognises("\nCatch v2.13.10\nusage:\n"));
    CHECK(kind->recognises("Catch2 v3.7.1\nusage:\n"));
    CHECK_FALSE(kind->recognises("[doctest] doctest version is \"2.4.9\"\n"));
    CHECK_FALSE(kind->recognises("see Catch v2.13.10\n"));
}

TEST_CASE("version 3 of Catch2 lists tests as XML") {
    const std::vector<Case> cases = cases_of(
        "printed before\n" + list_of(listed("  a &lt; \"b\" ", 3) + listed("c", 4, "[.][slow]")));
    REQUIRE(cases.size() == 2);
    CHECK(cases[0].name == "  a < \"b\" ");
    CHECK(cases[0].path == "a.cpp");
    CHECK(cases[0].line == 3);
    CHECK(cases[0].skip.empty());
    CHECK(cases[1].name == "c");
    CHECK(cases_of(list_of("")).empty());
}

TEST_CASE("version 2 of Catch2 lists tests as lines") {
    const std::vector<Case> cases = cases_of(
        "printed before\n  a, b \t@dir/a.cpp:3\n\"#c\"\t@a.cpp:4\n\"d\"\t@a.cpp:5\n"
        "e\xff\x1b\t@a.cpp:6\n");
    REQUIRE(cases.size() == 4);
    CHECK(cases[0].name == "  a, b ");
    CHECK(cases[0].path == "dir/a.cpp");
    CHECK(cases[0].line == 3);
    CHECK(cases[1].name == "#c");
    CHECK(cases[2].name == "\"d\"");
    CHECK(cases[3].name == "e\\xFF\\x1B");
    CHECK(cases_of("").empty());
}

TEST_CASE("a list of Catch2 that breaks off is none") {
    const std::string list = list_of(listed("a", 1));
    CHECK_FALSE(make_catch2()->cases(printed_list(list.substr(0, list.size() - 5)), {}));
}

TEST_CASE("names of Catch2 are in quotes, with what is special escaped") {
    CHECK(batch_of({{.name = "#a"}, {.name = "b, \"c\"\\"}, {.name = "[d]"}}).program.file ==
          "\"#a\"\n\"b\\, \\\"c\\\"\\\\\"\n\"[d]\"\n");
}

TEST_CASE("a name of Catch2 with bytes that XML cannot have is looked for both ways") {
    CHECK(batch_of({{.name = "a\\x1B"}}).program.file == "\"a\\\\x1B\"\n\"a\x1B\"\n");
}

TEST_CASE("what a name of Catch2 matches beside its test is excluded") {
    CHECK(selection(listed("f", 1) + listed("fg", 2)) == "\"f\"\n");
    CHECK(selection(listed("f*", 1) + listed("fg*", 2) + listed("g", 3)) == "\"f*\"~\"fg*\"~[.]\n");
    CHECK(selection(listed("f*", 1, "[.]") + listed("fg", 2)) == "\"f*\"~\"fg\"\n");
    CHECK(selection(listed("a", 1, "[x]") + listed("A", 2, "[x][y]")) == "\"a\"~[y]\n");
    CHECK(selection(listed("a", 1, "[x][y]") + listed("a", 2, "[x]")) == "\"a\"[y]\n");
    CHECK(selection(listed("a", 1) + listed("A", 2)) == "\"a\"\n");
    CHECK(selection(listed("exclude:a", 1) + listed("xclude:a", 2)) ==
          "\"*xclude:a\"~\"xclude:a\"~[.]\n");
    CHECK(selection(listed("a\nb", 1)) == "\"a*\"~[.]\n");
}

TEST_CASE("version 2 of Catch2 does not tell what is hidden, so that is not excluded") {
    CHECK(batch_of({cases_of("f*\t@a.cpp:1\nfg\t@a.cpp:2\n")[0]}).program.file ==
          "\"f*\"~\"fg\"\n");
}

TEST_CASE("a program of Catch2 that runs other tests, too, may end as it likes") {
    const std::vector<Case> apart = cases_of(list_of(listed("a", 1) + listed("b*", 2)));
    CHECK(batch_of(apart).ends_with_0);
    const std::vector<Case> twins = cases_of(list_of(listed("a", 1) + listed("A", 2)));
    CHECK_FALSE(batch_of({twins[0]}).ends_with_0);
    CHECK_FALSE(batch_of(cases_of("b*\t@a.cpp:1\n")).ends_with_0);
}

TEST_CASE("options that the user has for Catch2 go along, but for what selects and reports") {
    const Words given = {"[fast]", "-r",     "junit",         "--out=x", "-sb",    "-c",
                         "part",   "--mine", "own",           "-f",      "names",  "--order",
                         "rand",   "other",  "--shard-count", "2",       "-v=high"};
    const auto kind = make_catch2();
    const Words list = kind->listing("./t", given).command;
    const Words wanted = {"./t", "[fast]", "-b",      "-c",   "part",  "--mine",        "own",
                          "-f",  "names",  "--order", "rand", "other", "--shard-count", "2"};
    REQUIRE(list.size() == 4 + wanted.size());
    CHECK(Words(list.begin() + 4, list.end()) == wanted);
    const Words run = batch_of(reported, given).program.command;
    CHECK(run == Words{"./t", "-b", "-c", "part", "--mine", "own", "--order", "rand", "--reporter",
                       "xml", "--out", report_path, "--durations", "yes", "--input-file",
                       file_path});
}

TEST_CASE("a batch of Catch2's version 3 may have nothing but tests that skip themselves") {
    const Words words = batch_of(cases_of(list_of(listed("a", 1)))).program.command;
    CHECK(words.back() == "--allow-running-no-tests");
    CHECK(batch_of(cases_of("a\t@a.cpp:1\n")).program.command.back() == file_path);
}

TEST_CASE("a report of Catch2 tells of the tests of its batch only, and what they printed") {
    const ReportEvents all = told(reported_reader, 2, report);
    CHECK(all.events ==
          Words{"0 began", "out: hello\n", "err: oh\n", "0 passed", "1 began", "1 failed"});
    CHECK(all.results[0].seconds[1] == 0.25);
    CHECK_FALSE(all.results[0].details);
}

TEST_CASE("a test of Catch2 begins as soon as its program says so") {
    const std::size_t begun = report.find("<OverallResult");
    CHECK(told(reported_reader, 2, report.substr(0, begun)).events == Words{"0 began"});
}

TEST_CASE("a report of Catch2 means the same in pieces of any size") {
    const Words whole = told(reported_reader, 2, report).events;
    for (const std::size_t piece : {1, 2, 3, 7, 64}) {
        CHECK(told(reported_reader, 2, report, piece).events == whole);
    }
}

TEST_CASE("a failure of Catch2 says where, what, and how one came there") {
    const ReportEvents all = told(reported_reader, 2, report);
    const Phase& phase = all.phase();
    CHECK(phase.path == "a.cpp");
    CHECK(phase.line == 8);
    CHECK(phase.category == "failed");
    CHECK(phase.message == "CHECK( x == 4 ): 3 == 4");
    CHECK(phase.text == R"(a.cpp:8: FAILED:
  CHECK( x == 4 )
with expansion:
  3 == 4
with messages:
  x := 3
in section: one / deep

a.cpp:9: FAILED:
  never

a.cpp:3: FAILED:
  due to unexpected exception with message: thrown <&>

a.cpp:3: warning:
  beware
)");
}

TEST_CASE("an exception in an assertion of Catch2 is told with it") {
    const ReportEvents all =
        end_of("",
               "<Expression success=\"false\" type=\"CHECK\" filename=\"a.cpp\" "
               "line=\"2\"><Original>f()</Original><Expanded>f()</Expanded>"
               "<Exception filename=\"a.cpp\" line=\"2\">oh</Exception></Expression>",
               "success=\"false\"");
    CHECK(all.phase().text ==
          "a.cpp:2: FAILED:\n  CHECK( f() )\ndue to unexpected exception with message: oh\n");
}

TEST_CASE("a failure that Catch2 expected is one") {
    const ReportEvents may = end_of("[!mayfail]", failure, "success=\"true\"");
    CHECK(may.events.back() == "0 xfailed");
    CHECK(may.phase().reason == "[!mayfail]");
    CHECK(end_of("[!mayfail]", "", "success=\"true\"").events.back() == "0 passed");
    CHECK(end_of("[!shouldfail]", failure, "success=\"true\"").phase().reason == "[!shouldfail]");
    const ReportEvents did_not = end_of("[!shouldfail]", "", "success=\"false\"");
    CHECK(did_not.events.back() == "0 failed");
    CHECK(did_not.phase().message == "should have failed, but did not");
}

TEST_CASE("a test of Catch2 may skip itself") {
    const std::string skip = "<Skip filename=\"a.cpp\" line=\"7\">\n  no network\n</Skip>";
    const ReportEvents all = end_of("", skip, "success=\"true\" skips=\"1\"");
    CHECK(all.events.back() == "0 skipped");
    CHECK(all.phase().reason == "no network");
    CHECK(all.phase().line == 7);
    CHECK(end_of("", skip + failure, "success=\"false\" skips=\"1\"").events.back() == "0 failed");
}

TEST_CASE("a test of Catch2 that crashed has failed, even if it may fail") {
    const ReportEvents all = end_of("[!mayfail]",
                                    "<FatalErrorCondition filename=\"a.cpp\" line=\"2\">SIGSEGV"
                                    "</FatalErrorCondition>",
                                    "success=\"true\"");
    CHECK(all.events.back() == "0 failed");
    CHECK(all.results[0].crashed);
    CHECK(all.phase().message == "SIGSEGV");
}

TEST_CASE("namesakes of Catch2 at one place are told in their order") {
    const std::vector<Case> tests = {{.name = "t", .path = "a.cpp", .line = 1},
                                     {.name = "t", .path = "a.cpp", .line = 1}};
    const std::string one =
        "<TestCase name=\"t\" filename=\"a.cpp\" line=\"1\"><OverallResult success=\"true\"/>"
        "</TestCase>";
    CHECK(told([&] { return batch_of(tests).reader; }, 2, "<Catch>" + one + one + one).events ==
          Words{"0 began", "0 passed", "1 began", "1 passed"});
}

TEST_CASE("any text is a report of Catch2") { check_totality(reported_reader, 2, report); }

}  // namespace
}  // namespace xgrid::worker::native
