#include "client/option_list.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "client/option_values.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace po = boost::program_options;

const char* const usage_text =
    "usage: xgrid submit [OPTIONS] [TARGET | FRAMEWORK OPTION]...\n\n"
    "Runs the tests of each TARGET (a folder, a file, a node id, a test binary, a build folder)\n"
    "and shows the results here. What is not listed below goes to pytest, or another "
    "framework.\n\n";
const char* const exit_codes_text =
    "\nExit code: 0 all tests passed, 1 a test failed, 2 interrupted, 3 the grid failed,\n"
    "4 usage error or no such target, 5 there were no tests.\n";

void require_one_on_stdout(const Options& options) {
    if (options.json == "-" && options.tap == "-") {
        throw Fatal("--json - and --tap -: one report can have stdout; give the other a file", 4);
    }
}

}  // namespace

void describe(OptionGroups& groups, Given& given, Options& options) {
    const auto text = [](std::string* to, const char* name) {
        return po::value(to)->value_name(name);
    };
    groups.where.add_options()  //
        ("numprocesses,n", text(&given.slots, "N|auto|logical"),
         "N slots here (auto: a core each; 0: undistributed)")  //
        ("tx", po::value<std::string>()->value_name("[NUM*]SPEC"),
         "add environments, as in pytest-xdist; repeatable")  //
        ("px", po::value<std::string>()->value_name("SPEC"),
         "a proxy, which others reach through with via=")  //
        ("token", text(&given.token, "TOKEN"),
         "of socket= workers (better: XGRID_TOKEN)")                       //
        ("maxprocesses", text(&given.slots_most, "N"), "at most N slots")  //
        ("dist", text(&given.distribution, "MODE"),
         "load (-d), worksteal, each, loadscope/-file/-group")  //
        ("group-by", text(&options.spec.group_pattern, "PATTERN"),
         "loadgroup: the same found in ids is a group")  //
        ("maxschedchunk", text(&given.chunk_max, "N"),
         "a slot takes N tests from another in one go")  //
        ("ramp", text(&given.ramp, "SECONDS[s|m|h]"),
         "spread the start of slots over so long")  //
        ("python", text(&options.spec.interpreter, "INTERPRETER"),
         "the Python that runs the tests")  //
        ("collect", text(&given.collect, "lazy|full"),
         "each file where its tests run, or all first")  //
        ("start", text(&given.start, "auto|fork|spawn"),
         "fork slots from a warm interpreter or not")                    //
        ("boxed", "each test in a process of its own (also: --forked)")  //
        ("no-confirm", "a failure is final, and not run again")(
            "framework", text(&given.framework, "NAME"),
            "pytest, gtest, ctest, ... (auto: what targets are)")  //
        ("testrunuid", text(&options.spec.testrun_uid, "TEXT"),
         "what tests see as the run's id")                                            //
        ("broker", text(&options.broker, "ENDPOINT"), "hand the run to this broker")  //
        ("label", po::value<std::string>()->value_name("NAME=VALUE"),
         "... for workers that have it; repeatable")                                         //
        ("detach", "hand it in and leave; xgrid attach shows it")                            //
        ("priority", text(&given.priority, "N"), "higher ones go first there (default: 0)")  //
        ("project", text(&options.order.project, "NAME"), "whose history it is part of")     //
        ("broker-key", text(&given.broker_key, "KEY|FILE"),
         "its public key, if it asks for keys")  //
        ("key", text(&given.key, "FILE"), "your own key (default ~/.config/xgrid/key)");
    groups.code.add_options()  //
        ("rsyncdir", po::value<std::string>()->value_name("FOLDER"),
         "a folder that travels with the project; repeatable")  //
        ("rsyncignore", po::value<std::string>()->value_name("GLOB"),
         "what stays: a name, or with a slash a path; repeatable")  //
        ("keep", po::value<std::string>()->value_name("GLOB"),
         "what tests leave there for the next run; repeatable")               //
        ("take-all", "also what tools write, such as __pycache__ and .venv")  //
        ("empty-folders", "also folders with nothing in them")                //
        ("compress", text(&given.compress, "auto|always|never"),
         "what travels; auto: if it leaves this machine");
    groups.stop.add_options()                                                              //
        ("looponfail,f", "run what fails again whenever a file changes, until it passes")  //
        ("rerun-failed", "only what failed in the last run here")                          //
        ("repeat", text(&given.repeat, "N|until-fail"), "again and again")                 //
        ("exitfirst,x", "stop at the first failure, on every slot")                        //
        ("maxfail", text(&given.failures_max, "N"), "stop at the N-th failure")            //
        ("max-worker-restart", text(&given.crashes_max, "N"),
         "so many crashed slots may be replaced (default: 4 each)")  //
        ("retries", text(&given.retries, "N"),
         "run what fails again so often (--retry-on any: anywhere)")     //
        ("fail-on-flaky", "a test that passes only then fails the run")  //
        ("duplicate-tail", "idle slots run copies of the last tests")    //
        ("timeout", text(&given.timeout, "SECONDS"),
         "what a test, or loading a file, may take (0: no limit)");
    groups.show.add_options()                              //
        ("verbose,v", "a line for each test; repeatable")  //
        ("quiet,q", "less; repeatable")                    //
        ("reportchars,r", text(&options.display.report_chars, "CHARS"),
         "what the summary lists, as in "
         "pytest")  //
        ("tb", text(&options.display.traceback, "STYLE"),
         "auto, long, short, line, native or no")  //
        ("show-capture", text(&options.display.show_capture, "WHICH"),
         "no, stdout, stderr, log or all")                                        //
        ("capture", text(&given.capture, "METHOD"), "fd, sys, no or tee-sys")     //
        ("no-capture,s", "output of tests as it comes, each line with its slot")  //
        ("durations", text(&given.durations, "N"),
         "the N slowest phases; 0: all (--durations-min SECONDS)")           //
        ("color", text(&given.colour, "auto|yes|no"), "colours")             //
        ("no-header", "without a header (--no-summary: without a summary)")  //
        ("collect-only", "only list the tests")                              //
        ("junitxml", text(&options.junit_xml, "PATH"),
         "write a JUnit report (--junitprefix TEXT: before classes)")  //
        ("json", text(&options.json, "PATH|-, --tap PATH|-"),
         "... JSON lines, or TAP 14, as things happen")  //
        ("html", text(&options.html, "PATH, --perfetto PATH"),
         "... a page, or a trace of slots")  //
        ("help,h", "show this");
    groups.hidden.add_options()                                       //
        ("loadscope-reorder", "")("no-loadscope-reorder", "")         // files' order is what it is
        ("durations-min", text(&given.durations_min, "SECONDS"), "")  //
        ("junitprefix", text(&options.junit_prefix, "TEXT"), "")      //
        ("retry-on", text(&given.retry_on, "other|any"), "")          //
        ("tap", text(&options.tap, "PATH|-"), "")                     //
        ("perfetto", text(&options.perfetto, "PATH"), "")             //
        ("no-summary", "")("distload,d", "")("plugin-socket", text(&given.plugin_socket, "FD"), "")(
            "xgrid", "");
    groups.all.add(groups.where)
        .add(groups.code)
        .add(groups.stop)
        .add(groups.show)
        .add(groups.hidden);
}

void set_display(Options& options, const po::variables_map& parsed, const Given& given,
                 const std::vector<std::string>& ours) {
    Display& display = options.display;
    for (const std::string& argument : ours) {
        if (argument == "-v" || argument == "--verbose") ++display.verbosity;
        if (argument == "-q" || argument == "--quiet") --display.verbosity;
    }
    one_of("--color", given.colour, {"auto", "yes", "no"});
    if (given.colour != "auto")
        display.colour = given.colour == "yes" ? Colour::always : Colour::never;
    if (!given.durations.empty()) {
        display.durations = number("--durations", given.durations, 1'000'000);
    }
    if (!given.durations_min.empty()) {
        display.durations_min = seconds("--durations-min", given.durations_min);
    }
    one_of("--show-capture", display.show_capture, choices_of("show-capture"));
    display.header = !parsed.contains("no-header");
    display.summary = !parsed.contains("no-summary");
    display.collect_only = options.spec.collect_only;
    if (!options.junit_xml.empty()) {
        display.junit_xml = std::filesystem::absolute(options.junit_xml).lexically_normal();
    }
    require_one_on_stdout(options);
    display.cut_summary = std::getenv("CI") == nullptr && std::getenv("BUILD_NUMBER") == nullptr;
}

std::string help_of(const OptionGroups& groups) {
    std::ostringstream text;
    text << usage_text << groups.where << '\n'
         << groups.code << '\n'
         << groups.stop << '\n'
         << groups.show << exit_codes_text;
    return text.str();
}

CommandText submit_text() {
    OptionGroups groups;
    Given given;
    Options options;
    describe(groups, given, options);
    CommandText text{.name = "submit",
                     .opening = usage_text,
                     .groups = {group_text("Where tests run", groups.where),
                                group_text("What travels there", groups.code),
                                group_text("When to stop", groups.stop),
                                group_text("What is shown and written", groups.show)},
                     .closing = exit_codes_text,
                     .operand = Operand::file};
    set_choices(text);
    return text;
}

void set_choices(CommandText& command) {
    for (const char* option : {"dist", "framework", "tb", "show-capture", "capture"}) {
        xgrid::set_choices(command, option, choices_of(option));
    }
}

}  // namespace xgrid::client
