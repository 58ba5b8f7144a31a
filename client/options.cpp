#include "client/options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "client/arguments.hpp"
#include "shared/cores.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace po = boost::program_options;

constexpr std::uint32_t slots_most = 1024;
constexpr std::uint32_t crashes_per_slot = 4;
constexpr double seconds_most = 1e7;

const char* const usage_text =
    "usage: xgrid submit [OPTIONS] [TARGET | PYTEST OPTION]...\n\n"
    "Runs the tests of each TARGET (a folder, a file, a node id; default: what pytest would\n"
    "run) and shows the results here. Options that are not listed below go to pytest "
    "unchanged.\n\n";
const char* const exit_codes_text =
    "\nExit code: 0 all tests passed, 1 a test failed, 2 interrupted, 3 the grid failed,\n"
    "4 usage error or no such target, 5 there were no tests.\n";

// Fixed by the command-line contract, and not there yet: better an error than another meaning.
constexpr std::array unavailable = {
    "--boxed",         "--detach",   "--forked",      "--html", "--label", "--looponfail",
    "--maxschedchunk", "--priority", "--project",     "--px",   "--ramp",  "--retries",
    "--retry-on",      "--rsyncdir", "--rsyncignore", "--tap",  "--tx",    "-f",
};

constexpr std::array asking_pytest = {
    "--cache-show", "--fixtures",   "--fixtures-per-test", "--funcargs", "--markers",
    "--setup-only", "--setup-plan", "--version",           "-V",
};

constexpr std::array for_a_debugger = {"--pdb", "--trace"};

struct Given {
    std::string slots = "auto";
    std::string slots_most;
    std::string distribution;
    std::string crashes_max;
    std::string timeout;
    std::string failures_max;
    std::string framework = "auto";
    std::string collect = "lazy";
    std::string start = "auto";
    std::string durations;
    std::string durations_min;
};

struct Groups {
    po::options_description where{"Where tests run"};
    po::options_description stop{"When to stop"};
    po::options_description show{"What is shown and written"};
    po::options_description all;
};

// Options that xgrid acts on and pytest, in the slots, does too.
bool is_both(const std::string& name) {
    static constexpr std::array names = {
        "--capture",    "--co",        "--collect-only",
        "--color",      "--durations", "--durations-min",
        "--exitfirst",  "--maxfail",   "--no-header",
        "--no-summary", "--quiet",     "--show-capture",
        "--tb",         "--verbose",   "-q",
        "-r",           "-s",          "-v",
        "-x",
    };
    return std::ranges::find(names, name) != names.end();
}

void describe(Groups& groups, Given& given, Options& options, std::string& colour,
              std::string& capture) {
    const auto text = [](std::string* to, const char* name) {
        return po::value(to)->value_name(name);
    };
    groups.where.add_options()  //
        ("numprocesses,n", text(&given.slots, "N|auto|logical"),
         "N slots on this machine (default auto: as many as there are usable cores; 0: one, not "
         "distributed)")                                                   //
        ("maxprocesses", text(&given.slots_most, "N"), "at most N slots")  //
        ("dist", text(&given.distribution, "load|no"),
         "hand tests to whichever slot is free, or do "
         "not distribute")                         //
        ("distload,d", "the same as --dist=load")  //
        ("python", text(&options.spec.interpreter, "INTERPRETER"),
         "the Python that runs the tests")  //
        ("collect", text(&given.collect, "lazy|full"),
         "collect each file where its tests run, or "
         "everything in every slot first")  //
        ("start", text(&given.start, "auto|fork|spawn"),
         "fork slots from a warm interpreter, or start a fresh one for each (auto: where forking "
         "is unsafe)")  //
        ("no-confirm",
         "a failure is final at once; else it is run again in a slot that has collected "
         "everything, "
         "where some tests pass that fail alone")                                      //
        ("framework", text(&given.framework, "auto|pytest"), "whose tests these are")  //
        ("testrunuid", text(&options.spec.testrun_uid, "TEXT"),
         "what tests see as the run's id")  //
        ("broker", text(&options.broker, "ENDPOINT"), "hand the run to this broker");
    groups.stop.add_options()                                                    //
        ("exitfirst,x", "stop at the first failure, on every slot")              //
        ("maxfail", text(&given.failures_max, "N"), "stop at the N-th failure")  //
        ("max-worker-restart", text(&given.crashes_max, "N"),
         "how many crashed slots may be replaced "
         "(default: 4 for each slot)")  //
        ("timeout", text(&given.timeout, "SECONDS"),
         "what a test may take, with its fixtures; also to load a file (default 0: no limit)");
    groups.show.add_options()                              //
        ("verbose,v", "a line for each test; repeatable")  //
        ("quiet,q", "less; repeatable")                    //
        ("reportchars,r", text(&options.display.report_chars, "CHARS"),
         "what the summary lists, as in "
         "pytest")  //
        ("tb", text(&options.display.traceback, "STYLE"),
         "auto, long, short, line, native or no")  //
        ("show-capture", text(&options.display.show_capture, "WHICH"),
         "no, stdout, stderr, log or all")                                          //
        ("capture", text(&capture, "METHOD"), "fd, sys, no or tee-sys")             //
        ("no-capture,s", "output of tests as it comes, each line with its slot")    //
        ("durations", text(&given.durations, "N"), "the N slowest phases; 0: all")  //
        ("durations-min", text(&given.durations_min, "SECONDS"),
         "... that took so long at least")                                                        //
        ("color", text(&colour, "auto|yes|no"), "colours")                                        //
        ("no-header", "without the lines before the first test")                                  //
        ("no-summary", "without the summary")                                                     //
        ("collect-only", "only list the tests")                                                   //
        ("junitxml", text(&options.junit_xml, "PATH"), "write a JUnit report")                    //
        ("junitprefix", text(&options.junit_prefix, "TEXT"), "before class names there")          //
        ("json", text(&options.json, "PATH|-"), "write one JSON object a line as things happen")  //
        ("help,h", "show this");
    groups.all.add(groups.where).add(groups.stop).add(groups.show);
}

// Boost takes "long,s" with a one-letter s only: second long names are spelled out before it looks.
std::string with_main_name(const std::string& argument) {
    static const std::map<std::string, std::string> others = {{"--junit-xml", "--junitxml"},
                                                              {"--junit-prefix", "--junitprefix"},
                                                              {"--co", "--collect-only"}};
    const std::size_t equals = argument.find('=');
    const auto found = others.find(argument.substr(0, equals));
    if (found == others.end()) return argument;
    return equals == std::string::npos ? found->second : found->second + argument.substr(equals);
}

std::uint32_t number(const std::string& option, const std::string& text, std::uint32_t most) {
    const bool digits = !text.empty() && std::ranges::all_of(text, [](char letter) {
        return letter >= '0' && letter <= '9';
    });
    if (!digits || text.size() > 9 || std::stoul(text) > most) {
        throw Fatal(fmt::format("{} takes a number from 0 to {}, not '{}'", option, most, text), 4);
    }
    return static_cast<std::uint32_t>(std::stoul(text));
}

double seconds(const std::string& option, const std::string& text) {
    try {
        std::size_t end = 0;
        const double found = std::stod(text, &end);
        if (end == text.size() && found >= 0 && found <= seconds_most) return found;
    } catch (const std::exception&) {
        // Said below.
    }
    throw Fatal(
        fmt::format("{} takes seconds from 0 to {:.0f}, not '{}'", option, seconds_most, text), 4);
}

std::uint32_t slots_from(const Given& given) {
    std::uint32_t slots = 0;
    if (given.slots == "auto" || given.slots == "logical") {
        const char* asked = std::getenv("PYTEST_XDIST_AUTO_NUM_WORKERS");
        const bool set = asked != nullptr && *asked != '\0';
        slots = set ? number("PYTEST_XDIST_AUTO_NUM_WORKERS", asked, slots_most) : usable_cores();
    } else {
        slots = number("-n", given.slots, slots_most);
    }
    if (!given.slots_most.empty()) {
        slots = std::min(slots, number("--maxprocesses", given.slots_most, slots_most));
    }
    return slots;
}

std::string one_of(const std::string& option, const std::string& value,
                   std::initializer_list<const char*> allowed) {
    std::string choices;
    for (const char* choice : allowed) {
        if (value == choice) return value;
        if (!choices.empty()) choices += ", ";
        choices += choice;
    }
    throw Fatal(fmt::format("{} takes one of {}, not '{}'", option, choices, value), 4);
}

void set_display(Options& options, const po::variables_map& map, const Given& given,
                 const std::vector<std::string>& ours, const std::string& colour,
                 const std::string& capture) {
    Display& display = options.display;
    for (const std::string& argument : ours) {
        if (argument == "-v" || argument == "--verbose") ++display.verbosity;
        if (argument == "-q" || argument == "--quiet") --display.verbosity;
    }
    one_of("--color", colour, {"auto", "yes", "no"});
    if (colour != "auto") display.colour = colour == "yes" ? Colour::always : Colour::never;
    if (!given.durations.empty()) {
        display.durations = number("--durations", given.durations, 1'000'000);
    }
    if (!given.durations_min.empty()) {
        display.durations_min = seconds("--durations-min", given.durations_min);
    }
    one_of("--show-capture", display.show_capture, {"no", "stdout", "stderr", "log", "all"});
    display.header = !map.contains("no-header");
    display.summary = !map.contains("no-summary");
    display.collect_only = options.spec.collect_only;
    if (!options.junit_xml.empty()) {
        display.junit_xml = std::filesystem::absolute(options.junit_xml).lexically_normal();
    }
    display.cut_summary = std::getenv("CI") == nullptr && std::getenv("BUILD_NUMBER") == nullptr;
    options.spec.show_output = map.contains("no-capture") || capture == "no";
}

void set_run(Options& options, const po::variables_map& map, const Given& given) {
    RunSpec& spec = options.spec;
    one_of("--framework", given.framework, {"auto", "pytest"});
    spec.collect_full = one_of("--collect", given.collect, {"lazy", "full"}) == "full";
    one_of("--start", given.start, {"auto", "fork", "spawn"});
    if (given.start == "fork") spec.start = Start::fork;
    if (given.start == "spawn") spec.start = Start::spawn;
    spec.collect_only = map.contains("collect-only");
    spec.confirm = !spec.collect_full && !map.contains("no-confirm");
    spec.slots = slots_from(given);
    spec.distributed = spec.slots > 0;
    if (!given.distribution.empty()) {
        one_of("--dist", given.distribution, {"load", "no"});
        if (given.distribution == "no") spec.distributed = false;
    }
    if (!spec.distributed) spec.slots = 1;
    if (map.contains("exitfirst")) spec.failures_max = 1;
    if (!given.failures_max.empty()) {
        spec.failures_max = number("--maxfail", given.failures_max, 1'000'000);
    }
    spec.crashes_max = given.crashes_max.empty()
                           ? spec.slots * crashes_per_slot
                           : number("--max-worker-restart", given.crashes_max, 1'000'000);
    if (!given.timeout.empty()) spec.timeout_seconds = seconds("--timeout", given.timeout);
    if (spec.interpreter.empty()) {
        const char* python = std::getenv("XGRID_PYTHON");
        spec.interpreter = python != nullptr && *python != '\0' ? python : "python3";
    }
    if (!options.broker.empty()) require_local(options.broker, "--broker");
    std::error_code error;
    spec.directory = std::filesystem::current_path(error);
    if (error)
        throw Fatal(fmt::format("cannot tell the working directory: {}", error.message()), 4);
}

}  // namespace

std::optional<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    Given given;
    Groups groups;
    std::string colour = "auto";
    std::string capture = "fd";
    describe(groups, given, options, colour, capture);

    const auto kind = [&](const std::string& name) -> OptionKind {
        if (std::ranges::find(unavailable, name) != unavailable.end()) {
            throw Fatal(fmt::format("{} is not available yet", name), 4);
        }
        if (std::ranges::find(for_a_debugger, name) != for_a_debugger.end()) {
            throw Fatal(fmt::format("{} needs a test that runs in your terminal, which slots do "
                                    "not: run it with pytest itself",
                                    name),
                        4);
        }
        options.asks_pytest =
            options.asks_pytest || std::ranges::find(asking_pytest, name) != asking_pytest.end();
        const std::string main = with_main_name(name);
        const std::string bare = main.substr(main.starts_with("--") ? 2 : 0);
        const po::option_description* known = groups.all.find_nothrow(bare, false);
        if (known == nullptr) return {Owner::pytest, pytest_option_takes_value(name)};
        return {is_both(name) ? Owner::both : Owner::ours, known->semantic()->max_tokens() > 0};
    };
    const Arguments split = split_arguments(arguments, kind);
    try {
        std::vector<std::string> ours;
        std::ranges::transform(split.ours, std::back_inserter(ours), with_main_name);
        // Given twice, an option means what it says last, as in pytest.
        std::ranges::reverse(ours);
        po::variables_map map;
        for (const std::string& argument : ours) {
            const auto style =
                po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
            po::store(po::command_line_parser(std::vector{argument})
                          .options(groups.all)
                          .style(style)
                          .run(),
                      map);
        }
        po::notify(map);
        if (map.contains("help")) {
            std::cout << usage_text << groups.where << '\n'
                      << groups.stop << '\n'
                      << groups.show << exit_codes_text;
            return std::nullopt;
        }
        set_run(options, map, given);
        set_display(options, map, given, split.ours, colour, capture);
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid submit --help shows the options)", error.what()), 4);
    }
    options.spec.arguments = split.pytest;
    options.spec.command = arguments;
    options.spec.command.insert(options.spec.command.begin(), "pytest");
    return options;
}

}  // namespace xgrid::client
