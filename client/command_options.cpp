#include "client/command_options.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>
#include <system_error>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "client/arguments.hpp"
#include "client/option_list.hpp"
#include "client/settings_files.hpp"
#include "shared/credentials.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/nearest.hpp"

namespace xgrid::client {
namespace {

namespace po = boost::program_options;

struct Description {
    CommandKind kind;
    const char* name;
    const char* takes;  // RUN, TEST; nullptr: nothing
    bool shows_run;     // as submit does
    const char* help;
};

constexpr std::array descriptions = {
    Description{
        CommandKind::status, "status", nullptr, false,
        "Shows what a broker has to do: slots, runs, and slots that are wanted and not there."},
    Description{CommandKind::runs, "runs", nullptr, false,
                "Lists a broker's runs: those that are open, then those that are over and kept."},
    Description{CommandKind::workers, "workers", nullptr, false,
                "Lists a broker's workers, with their slots, labels and runs."},
    Description{CommandKind::why, "why", "RUN", false,
                "Says what a run waits for, and what to do about it."},
    Description{
        CommandKind::attach, "attach", "RUN", true,
        "Shows a run from its first event on, as if it had been submitted here, and ends with\n"
        "its exit code. Ctrl-C leaves, and the run goes on."},
    Description{CommandKind::cancel, "cancel", "RUN", false,
                "Ends a run. Returns when it is over, and nothing of it runs any more."},
    Description{CommandKind::rerun, "rerun", "RUN", true,
                "Submits the same again, with the code that it had, and shows it as submit does.\n"
                "Ctrl-C ends it."},
    Description{
        CommandKind::history, "history", "TEST", false,
        "Shows what is known of a test: how long it takes, its last outcomes, whether it is\n"
        "flaky. TEST is its id, or a part of that. Without a broker: of runs on this machine."},
    Description{
        CommandKind::flakes, "flakes", nullptr, false,
        "Lists tests that are flaky, each with a proof: both outcomes with the same code in the\n"
        "same environment. Then those that may be. Without a broker: of runs on this machine."},
    Description{
        CommandKind::watch, "watch", nullptr, false,
        "Shows what a broker has to do, and goes on showing it: runs with their progress and\n"
        "failures, why they wait, and workers. On a terminal it is drawn anew each second\n"
        "until q or Ctrl-C; with --json there is a line for each second; else it is shown\n"
        "once. xgrid attach shows one run, with its tests."},
};

// What is kept on this machine may be asked, too.
bool needs_broker(CommandKind kind) {
    return kind != CommandKind::history && kind != CommandKind::flakes;
}

const Description& description_of(CommandKind kind) {
    return *std::ranges::find(descriptions, kind, &Description::kind);
}

std::map<std::string, std::string> variables() {
    std::map<std::string, std::string> found;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
        const std::string text = *each;
        const std::size_t equals = std::min(text.find('='), text.size() - 1);
        found.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return found;
}

// As the command line says it, else the environment, else a file of settings.
void find_broker(Command& command, Given& given) {
    Options& options = command.options;
    std::error_code error;
    const std::string directory = std::filesystem::current_path(error);
    const FoundSettings found = read_settings({.directory = directory}, variables());
    command.project_root = found.project.root;
    std::map<std::string, std::string> settings;
    for (const Setting& setting : found.values) settings[setting.name] = setting.value;
    const auto complete = [&](const char* name, std::string& value) {
        if (value.empty()) value = settings[name];
    };
    complete("broker", options.broker);
    complete("broker-key", given.broker_key);
    complete("key", given.key);
    if (options.broker.empty() && !needs_broker(command.kind)) return;
    if (options.broker.empty()) {
        throw Fatal(
            "no broker is named: add --broker ENDPOINT, set XGRID_BROKER, or write broker = "
            "\"ENDPOINT\" into xgrid.toml or ~/.config/xgrid/config.toml",
            4);
    }
    require_endpoint(options.broker, "--broker");
    options.credentials = credentials_for(options.broker, {given.broker_key, given.key, ""});
}

void describe_display(po::options_description& known, Given& given, Options& options) {
    const auto text = [](std::string* to, const char* name) {
        return po::value(to)->value_name(name);
    };
    known.add_options()                                    //
        ("verbose,v", "a line for each test; repeatable")  //
        ("quiet,q", "less; repeatable")                    //
        ("reportchars,r", text(&options.display.report_chars, "CHARS"),
         "what the summary lists, as in pytest")  //
        ("tb", text(&options.display.traceback, "STYLE"),
         "auto, long, short, line, native or no")  //
        ("show-capture", text(&options.display.show_capture, "WHICH"),
         "no, stdout, stderr, log or all")                                          //
        ("durations", text(&given.durations, "N"), "the N slowest phases; 0: all")  //
        ("durations-min", text(&given.durations_min, "SECONDS"),
         "... that took so long at least")                                                        //
        ("color", text(&given.colour, "auto|yes|no"), "colours")                                  //
        ("no-header", "without the lines before the first test")                                  //
        ("no-summary", "without the summary")                                                     //
        ("junitxml", text(&options.junit_xml, "PATH"), "write a JUnit report")                    //
        ("junitprefix", text(&options.junit_prefix, "TEXT"), "before class names there")          //
        ("json", text(&options.json, "PATH|-"), "write one JSON object a line as things happen")  //
        ("tap", text(&options.tap, "PATH|-"), "write TAP 14, likewise")                           //
        ("html", text(&options.html, "PATH"), "write a page that needs nothing else")             //
        ("perfetto", text(&options.perfetto, "PATH"),
         "write a trace of slots, for Perfetto and Chrome");
}

// Given twice, an option means what it says last.
po::variables_map parse(const std::vector<std::string>& ours,
                        const po::options_description& known) {
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::variables_map map;
    for (auto argument = ours.rbegin(); argument != ours.rend(); ++argument) {
        po::store(po::command_line_parser(std::vector{*argument}).options(known).style(style).run(),
                  map);
    }
    po::notify(map);
    return map;
}

void describe(po::options_description& known, const Description& about, Command& command,
              Given& given) {
    known.add_options()("broker", po::value(&command.options.broker)->value_name("ENDPOINT"),
                        "the broker (else: XGRID_BROKER, or broker in a file of settings)")  //
        ("broker-key", po::value(&given.broker_key)->value_name("KEY|FILE"),
         "its public key, if it asks for keys")  //
        ("key", po::value(&given.key)->value_name("FILE"),
         "your own key (default ~/.config/xgrid/key)");
    if (!needs_broker(about.kind)) {
        known.add_options()("project", po::value(&command.project)->value_name("NAME"),
                            "whose (default: with a broker any, else this folder's)");
    }
    if (about.kind == CommandKind::rerun)
        known.add_options()("failed", "only the tests that failed");
    if (about.kind == CommandKind::status) known.add_options()("watch", "as xgrid watch");
    if (about.shows_run) {
        describe_display(known, given, command.options);
    } else {
        known.add_options()("json", "for programs");
    }
    known.add_options()("help,h", "show this");
}

std::string usage_of(const Description& about) {
    return fmt::format("usage: xgrid {} [OPTIONS]{}{}\n\n{}\n\n", about.name,
                       about.takes != nullptr ? " " : "", about.takes != nullptr ? about.takes : "",
                       about.help);
}

Operand operand_of(const Description& about) {
    if (about.takes == nullptr || about.kind == CommandKind::history) return Operand::none;
    return about.kind == CommandKind::cancel ? Operand::open_run : Operand::run;
}

CommandText text_of(const Description& about) {
    Command command;
    Given given;
    po::options_description known("Options", OptionGroups::columns);
    describe(known, about, command, given);
    CommandText text{.name = about.name,
                     .opening = usage_of(about),
                     .groups = {group_text("Options", known)},
                     .operand = operand_of(about)};
    set_choices(text);
    return text;
}

// What the parser does not know is a run or a test, or nothing that there is.
std::string word_from(const std::vector<std::string>& others, const Description& about) {
    for (const std::string& word : others) {
        if (word.size() < 2 || word[0] != '-') continue;
        const std::string name = word.substr(0, word.find('='));
        throw Fatal(
            fmt::format("there is no option {}{} (xgrid {} --help shows those that there are)",
                        name, did_you_mean(name, long_options(text_of(about))), about.name),
            4);
    }
    const std::size_t wanted = about.takes != nullptr ? 1 : 0;
    const bool is_test = about.kind == CommandKind::history;
    if (others.size() > wanted) {
        throw Fatal(fmt::format("xgrid {} takes {}, not '{}' too", about.name,
                                wanted == 0 ? "nothing but options"
                                : is_test   ? "one test"
                                            : "one run",
                                others.back()),
                    4);
    }
    if (others.size() < wanted) {
        throw Fatal(
            fmt::format("xgrid {} needs {}", about.name,
                        is_test ? "a test: its id, or a part of that"
                                : "a run: its id, or how that begins (xgrid runs lists them)"),
            4);
    }
    return others.empty() ? "" : others.front();
}

}  // namespace

std::optional<CommandKind> command_kind(const std::string& name) {
    const auto* found = std::ranges::find(descriptions, name, &Description::name);
    return found == descriptions.end() ? std::nullopt : std::optional(found->kind);
}

std::vector<CommandText> command_texts() {
    std::vector<CommandText> texts;
    for (const Description& about : descriptions) texts.push_back(text_of(about));
    return texts;
}

std::optional<Command> parse_command(CommandKind kind, const std::vector<std::string>& arguments) {
    const Description& about = description_of(kind);
    Command command{.kind = kind};
    Given given;
    po::options_description known("Options", OptionGroups::columns);
    describe(known, about, command, given);
    const Arguments split = split_arguments(arguments, [&](const std::string& name) -> OptionKind {
        const po::option_description* option =
            known.find_nothrow(name.substr(name.starts_with("--") ? 2 : 0), false);
        if (option == nullptr) return {Owner::pytest, false};
        return {Owner::ours, option->semantic()->max_tokens() > 0};
    });
    try {
        const po::variables_map parsed = parse(split.ours, known);
        if (parsed.contains("help")) {
            std::cout << usage_of(about) << known;
            return std::nullopt;
        }
        command.about = word_from(split.pytest, about);
        command.json = !about.shows_run && parsed.contains("json");
        command.failed = parsed.contains("failed");
        command.stays = kind == CommandKind::watch || parsed.contains("watch");
        if (about.shows_run) set_display(command.options, parsed, given, split.ours);
    } catch (const po::error& error) {
        throw Fatal(
            fmt::format("{}\n(xgrid {} --help shows the options)", error.what(), about.name), 4);
    }
    find_broker(command, given);
    return command;
}

}  // namespace xgrid::client
