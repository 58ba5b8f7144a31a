#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/worker/native/report_events.hpp"
#include "worker/frameworks/native/binary_kind.hpp"

namespace xgrid::worker::native {
namespace {

using Words = std::vector<std::string>;

std::string list_of(const std::string& tests, const std::string& options = "") {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<doctest binary=\"x\" version=\"2.4.9\">\n"
           "  <Options order_by=\"file\" " +
           options + "/>\n" + tests + "  <OverallResultsTestCases unskipped=\"3\"/>\n</doctest>\n";
}

std::string listed(const std::string& name, int line, const std::string& more = "") {
    return fmt::format(
        "  <TestCase name=\"{}\" filename=\"a.cpp\" line=\"{}\" skipped=\"false\"{}/>\n", name,
        line, more);
}

std::vector<Case> cases_of(const std::string& list, const Words& arguments = {}) {
    Result<std::vector<Case>> cases = make_doctest()->cases(printed_list(list), arguments);
    REQUIRE(cases);
    return *cases;
}

Batch batch_of(const std::vector<Case>& tests, const Words& arguments = {}) {
    return make_doctest()->batch("./t", arguments, tests);
}

bool has(const Words& words, const std::string& word) {
    return std::ranges::find(words, word) != words.end();
}

const std::string report = R"(<?xml version="1.0" encoding="UTF-8"?>
<doctest binary="./t" version="2.4.9">
  <Options order_by="file" rand_seed="0" case_sensitive="false" no_throw="false" no_skip="false"/>
  <TestSuite>
    <TestCase name="fine" filename="a.cpp" line="1">
      <OverallResultsAsserts successes="1" failures="0" test_case_success="true" duration="0.25"/>
    </TestCase>
    <TestCase name="of others" filename="a.cpp" line="2">
      <OverallResultsAsserts successes="1" failures="0" test_case_success="true" duration="0.25"/>
    </TestCase>
    <TestCase name="a &lt; b, &quot;c&quot;" filename="a.cpp" line="3">
      <SubCase name="one" filename="a.cpp" line="4">
        <SubCase name="deep" filename="a.cpp" line="5">
          <Expression success="true" type="CHECK" filename="a.cpp" line="6">
          </Expression>
          <Message type="WARNING" filename="a.cpp" line="7">
            <Text>
              told
            </Text>
          </Message>
          <Expression success="false" type="CHECK" filename="a.cpp" line="8">
            <Original>
              x == 4
            </Original>
            <Expanded>
              3 == 4
            </Expanded>
            <Info>
              x := 3
            </Info>
            <Info>
              more
            </Info>
          </Expression>
        </SubCase>
      </SubCase>
      <Exception crash="false">
        thrown &lt;&amp;>
      </Exception>
      <OverallResultsAsserts successes="0" failures="1" test_case_success="false" duration="7e-06"/>
    </TestCase>
  </TestSuite>
  <OverallResultsAsserts successes="2" failures="1"/>
  <OverallResultsTestCases successes="2" failures="1"/>
</doctest>
)";

const std::vector<Case> reported = {{.name = "fine", .path = "a.cpp", .line = 1},
                                    {.name = "a < b, \"c\"", .path = "a.cpp", .line = 3}};

std::unique_ptr<Reader> reported_reader() { return batch_of(reported).reader; }

// What one test comes to that ends like that.
ReportEvents end_of(const std::string& attributes, const std::string& inside,
                    const std::string& totals) {
    const std::vector<Case> tests = {{.name = "t", .path = "a.cpp", .line = 1}};
    return told([&] { return batch_of(tests).reader; }, 1,
                fmt::format("<doctest><TestSuite><TestCase name=\"t\" filename=\"a.cpp\" "
                            "line=\"1\" {}>{}<OverallResultsAsserts {}/></TestCase>",
                            attributes, inside, totals));
}

std::string asserted(const std::string& type, const std::string& inside) {
    return "<Expression success=\"false\" type=\"" + type +
           "\" filename=\"a.cpp\" line=\"2\"><Original>f()</Original>" + inside + "</Expression>";
}

TEST_CASE("doctest is known by its help") {
    const auto kind = make_doctest();
    CHECK(kind->recognises("[doctest] doctest version is \"2.4.9\"\n[doctest]\n"));
    CHECK_FALSE(kind->recognises("Catch v2.13.10\n"));
}

TEST_CASE("doctest's list has names as they are, suites, places, and what is skipped") {
    const std::vector<Case> cases =
        cases_of("printed before\n" +
                 list_of(listed("a &lt; &quot;b&quot;", 3) +
                         "  <TestCase name=\"no\" testsuite=\"s\" filename=\"b.cpp\" line=\"4\" "
                         "skipped=\"true\"/>\n"));
    REQUIRE(cases.size() == 2);
    CHECK(cases[0].name == "a < \"b\"");
    CHECK(cases[0].path == "a.cpp");
    CHECK(cases[0].line == 3);
    CHECK(cases[0].skip.empty());
    CHECK(cases[0].selector.empty());
    CHECK(cases[1].suite == "s");
    CHECK_FALSE(cases[1].skip.empty());
}

TEST_CASE("a test of doctest that is skipped runs if the user wants that") {
    const std::string list =
        list_of("<TestCase name=\"no\" filename=\"b.cpp\" line=\"4\" skipped=\"true\"/>");
    for (const char* option : {"-ns", "--no-skip", "--dt-no-skip=true", "-ns=1"}) {
        CHECK(cases_of(list, {option})[0].skip.empty());
    }
    for (const char* option : {"-ns=false", "--no-skip=0"}) {
        CHECK_FALSE(cases_of(list, {option})[0].skip.empty());
    }
}

TEST_CASE("a list of doctest that breaks off is none") {
    const std::string list = list_of(listed("a", 1));
    CHECK_FALSE(make_doctest()->cases(printed_list("usage: x\n"), {}));
    CHECK_FALSE(make_doctest()->cases(printed_list(list.substr(0, list.size() - 5)), {}));
}

TEST_CASE("tests of doctest go together into one program, with patterns that any version reads") {
    const Batch batch = batch_of(cases_of(list_of(listed("a", 1) + listed("b,c\\d", 2))));
    CHECK(batch.tests == 2);
    CHECK(batch.program.command.front() == "./t");
    CHECK(has(batch.program.command, "--dt-test-case=a,b?c?d"));
    CHECK(has(batch.program.command, std::string("--dt-out=") + report_path));
}

TEST_CASE("a test of doctest that shares its pattern is selected by its place, alone") {
    const std::vector<Case> cases = cases_of(list_of(
        listed("f*", 1) + listed("other", 2) + listed("f*g", 3) + listed("x", 4) + listed("X", 5)));
    CHECK(cases[0].selector == "1");
    CHECK(cases[1].selector.empty());
    CHECK(cases[2].selector.empty());
    CHECK(cases[3].selector == "1");
    CHECK(cases[4].selector == "2");

    const Batch first = batch_of(cases);
    CHECK(first.tests == 1);
    CHECK(has(first.program.command, "--dt-test-case=f*"));
    CHECK(has(first.program.command, "--dt-first=1"));
    CHECK(has(first.program.command, "--dt-last=1"));
    CHECK(batch_of({cases[1], cases[2], cases[3]}).tests == 2);
}

TEST_CASE("names of doctest that differ in case differ if the user says so") {
    const std::vector<Case> cases =
        cases_of(list_of(listed("x", 4) + listed("X", 5), "case_sensitive=\"true\""));
    CHECK(cases[0].selector.empty());
}

TEST_CASE("namesakes that are skipped do not count in the place of a test of doctest") {
    const std::string skipped =
        "<TestCase name=\"x\" filename=\"a.cpp\" line=\"1\" skipped=\"true\"/>";
    const std::vector<Case> cases = cases_of(list_of(skipped + listed("x", 2) + listed("x", 3)));
    CHECK(cases[1].selector == "1");
    CHECK(cases[2].selector == "2");
}

TEST_CASE("a test of doctest without a name can be run") {
    const std::vector<Case> cases = cases_of(list_of(listed("a", 1) + listed("", 2)));
    const Batch batch = batch_of({cases[1]});
    CHECK(has(batch.program.command, "--dt-test-case=*"));
    CHECK(has(batch.program.command, "--dt-first=2"));
}

TEST_CASE("a name of doctest with bytes that XML cannot have is looked for both ways") {
    const Batch batch = batch_of(cases_of(list_of(listed("a\\x1Bb", 1))));
    CHECK(has(batch.program.command,
              "--dt-test-case=a?x1Bb,a\x1B"
              "b"));
}

TEST_CASE("options that the user has for doctest go along, but for what selects and reports") {
    const Words given = {"-tc=mine", "--dt-r=junit", "-o=x",     "--test-suite=s",     "-d",
                         "-f=3",     "--mine",       "-sc=part", "--reporters=console"};
    const auto kind = make_doctest();
    const Words list = kind->listing("./t", given).command;
    CHECK(Words(list.begin(), list.begin() + 5) ==
          Words{"./t", "-tc=mine", "--test-suite=s", "--mine", "-sc=part"});
    const Words run = batch_of(reported, given).program.command;
    CHECK(Words(run.begin(), run.begin() + 4) ==
          Words{"./t", "--test-suite=s", "--mine", "-sc=part"});
}

TEST_CASE("one command line of doctest takes only so many tests") {
    std::vector<Case> tests;
    for (int i = 0; i < 3000; ++i) tests.push_back({.name = std::string(60, 'n')});
    const Batch batch = batch_of(tests);
    CHECK(batch.tests > 1000);
    std::size_t bytes = 0;
    for (const std::string& each : batch.program.command) bytes += each.size() + 1;
    CHECK(bytes < 100'000);
    CHECK(batch_of({{.name = std::string(90'000, 'n')}}).tests == 1);
}

TEST_CASE("a report of doctest tells of the tests of its batch only") {
    const ReportEvents all = told(reported_reader, 2, report);
    CHECK(all.events == Words{"0 began", "0 passed", "1 began", "1 failed"});
    CHECK(all.results[0].seconds[1] == 0.25);
    CHECK_FALSE(all.results[0].details);
}

TEST_CASE("a test of doctest begins as soon as its program says so") {
    const std::size_t begun = report.find("<OverallResultsAsserts");
    CHECK(told(reported_reader, 2, report.substr(0, begun)).events == Words{"0 began"});
}

TEST_CASE("a report of doctest means the same in pieces of any size") {
    const Words whole = told(reported_reader, 2, report).events;
    for (const std::size_t piece : {1, 2, 3, 7, 64}) {
        CHECK(told(reported_reader, 2, report, piece).events == whole);
    }
}

TEST_CASE("a failure of doctest says where, what, and how one came there") {
    const ReportEvents all = told(reported_reader, 2, report);
    const Phase& phase = all.phase();
    CHECK(phase.path == "a.cpp");
    CHECK(phase.line == 8);
    CHECK(phase.category == "failed");
    CHECK(phase.message == "CHECK( x == 4 ) is NOT correct: 3 == 4");
    CHECK(phase.text == R"(a.cpp:8: ERROR: CHECK( x == 4 ) is NOT correct!
  values: CHECK( 3 == 4 )
  logged: x := 3
          more
  in subcase: one / deep

a.cpp:3: ERROR: test case THREW exception: thrown <&>

a.cpp:7: MESSAGE: told
  in subcase: one / deep
)");
}

TEST_CASE("assertions of doctest about exceptions read as doctest prints them") {
    const std::string none = "failures=\"1\" test_case_success=\"false\"";
    const auto text = [&](const std::string& type, const std::string& inside) {
        return end_of("", asserted(type, inside), none).phase().text;
    };
    CHECK(text("CHECK_THROWS", "") ==
          "a.cpp:2: ERROR: CHECK_THROWS( f() ) did NOT throw at all!\n");
    CHECK(text("REQUIRE_THROWS_AS",
               "<Exception>\"e\"</Exception><ExpectedException>E"
               "</ExpectedException>") ==
          "a.cpp:2: FATAL ERROR: REQUIRE_THROWS_AS( f(), E ) threw a DIFFERENT exception: \"e\"\n");
    CHECK(text("CHECK_THROWS_WITH",
               "<Exception>e</Exception><ExpectedExceptionString>w"
               "</ExpectedExceptionString>") ==
          "a.cpp:2: ERROR: CHECK_THROWS_WITH( f(), \"w\" ) threw a DIFFERENT exception: e\n");
    CHECK(text("CHECK_NOTHROW", "<Exception>e</Exception>") ==
          "a.cpp:2: ERROR: CHECK_NOTHROW( f() ) THREW exception: e\n");
    CHECK(text("CHECK", "<Exception>e</Exception>") ==
          "a.cpp:2: ERROR: CHECK( f() ) THREW exception: e\n");
}

TEST_CASE("a warning of doctest is no failure, and is printed") {
    const ReportEvents all = end_of("", asserted("WARN", "<Expanded>0</Expanded>"),
                                    "failures=\"0\" test_case_success=\"true\"");
    CHECK(all.events ==
          Words{"0 began",
                "out: a.cpp:2: WARNING: WARN( f() ) is NOT correct!\n  values: WARN( 0 )\n",
                "0 passed"});
}

TEST_CASE("doctest judges its tests, in newer versions itself") {
    const std::string failure = asserted("CHECK", "<Expanded>0</Expanded>");
    const auto outcome = [&](const std::string& attributes, const std::string& totals) {
        return end_of(attributes, failure, totals).events.back();
    };
    for (const std::string judged : {"", "test_case_success=\"true\""}) {
        CHECK(outcome("should_fail=\"true\"", "failures=\"1\" " + judged) == "0 passed");
        CHECK(outcome("may_fail=\"true\"", "failures=\"1\" " + judged) == "0 passed");
        CHECK(outcome("", "failures=\"2\" expected_failures=\"2\" " + judged) == "0 passed");
        CHECK(outcome("", "failures=\"0\" " + judged) == "0 passed");
    }
    for (const std::string judged : {"", "test_case_success=\"false\""}) {
        CHECK(outcome("should_fail=\"true\"", "failures=\"0\" " + judged) == "0 failed");
        CHECK(outcome("", "failures=\"1\" expected_failures=\"2\" " + judged) == "0 failed");
        CHECK(outcome("timeout=\"0.5\"", "failures=\"0\" duration=\"0.6\" " + judged) ==
              "0 failed");
        CHECK(outcome("", "failures=\"1\" " + judged) == "0 failed");
    }
}

TEST_CASE("what makes a test of doctest fail beside its assertions is said") {
    CHECK(end_of("should_fail=\"true\"", "", "failures=\"0\"").phase().message ==
          "Should have failed but didn't! Marking it as failed!");
    CHECK(end_of("timeout=\"0.5\"", "", "failures=\"0\" duration=\"0.6\"").phase().text ==
          "a.cpp:1: Test case exceeded time limit of 0.500000!\n");
}

TEST_CASE("a test of doctest that crashed has failed, even if it should fail") {
    const ReportEvents all =
        end_of("should_fail=\"true\"", "<Exception crash=\"true\">SIGSEGV</Exception>",
               "failures=\"0\" test_case_success=\"true\"");
    CHECK(all.events.back() == "0 failed");
    CHECK(all.results[0].crashed);
    CHECK(all.phase().message == "test case CRASHED: SIGSEGV");
}

TEST_CASE("older doctests say only in the report what they skipped") {
    const std::vector<Case> cases =
        cases_of(list_of("<TestCase name=\"t\"/><TestCase name=\"u\"/>"));
    const Batch batch = batch_of(cases);
    CHECK(batch.tests == 2);
    CHECK_FALSE(has(batch.program.command, "--dt-no-skipped-summary=true"));
    const ReportEvents all =
        told([&] { return batch_of(cases).reader; }, 2,
             "<doctest><TestSuite><TestCase name=\"u\" filename=\"a.cpp\" line=\"1\" "
             "skipped=\"true\"/>");
    CHECK(all.events == Words{"1 began", "1 skipped"});
}

TEST_CASE("output of a doctest is passed on as it is") {
    ReportEvents to(2);
    const auto reader = reported_reader();
    reader->read(Source::out, "<a>", to);
    reader->read(Source::err, "b", to);
    CHECK(to.events == Words{"out: <a>", "err: b"});
}

TEST_CASE("any text is a report of doctest") { check_totality(reported_reader, 2, report); }

}  // namespace
}  // namespace xgrid::worker::native
