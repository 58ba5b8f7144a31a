#include "client/options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <unistd.h>
#include <utility>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "client/arguments.hpp"
#include "client/framework_choice.hpp"
#include "client/libraries.hpp"
#include "client/option_list.hpp"
#include "client/option_values.hpp"
#include "client/order.hpp"
#include "client/quarantine_settings.hpp"
#include "client/settings_files.hpp"
#include "client/targets.hpp"
#include "client/tokens.hpp"
#include "client/united_options.hpp"
#include "shared/cores.hpp"
#include "shared/credentials.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/option_text.hpp"

namespace xgrid::client {
namespace {

namespace po = boost::program_options;

constexpr std::uint32_t slots_most = 1024;
constexpr std::uint32_t crashes_per_slot = 4;
constexpr std::int32_t priority_most = 100;  // either way
constexpr std::uint32_t retries_most = 100;
constexpr const char* token_variable = "XGRID_TOKEN";

constexpr std::array asking_pytest = {
    "--cache-show", "--fixtures",   "--fixtures-per-test", "--funcargs", "--markers",
    "--setup-only", "--setup-plan", "--version",           "-V",
};

constexpr std::array for_a_debugger = {"--pdb", "--trace"};

std::map<std::string, std::string> variables() {
    std::map<std::string, std::string> found;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
        const std::string text = *each;
        found.emplace(text.substr(0, text.find('=')),
                      text.substr(std::min(text.find('=') + 1, text.size())));
    }
    return found;
}

// What the parser has found, and how each option is called that is wrong.
struct Parsed {
    po::variables_map map;
    std::map<std::string, std::string> names;

    bool contains(const std::string& option) const { return map.contains(option); }
    std::string name(const std::string& option, const std::string& otherwise = "") const {
        const auto found = names.find(option);
        if (found != names.end()) return found->second;
        return otherwise.empty() ? "--" + option : otherwise;
    }
};

Parsed parse(const United& united, const OptionGroups& groups) {
    Parsed parsed;
    const auto presets = static_cast<std::ptrdiff_t>(united.presets.size());
    std::ptrdiff_t left = static_cast<std::ptrdiff_t>(united.arguments.size());
    // Given twice, an option means what it says last, as in pytest.
    for (auto argument = united.arguments.rbegin(); argument != united.arguments.rend();
         ++argument, --left) {
        const auto style =
            po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
        const po::parsed_options one =
            po::command_line_parser(std::vector{*argument}).options(groups.all).style(style).run();
        const std::string& key = one.options.front().string_key;
        if (left <= presets && !parsed.map.contains(key)) {
            parsed.names[key] = united.presets.at(key);
        }
        po::store(one, parsed.map);
    }
    po::notify(parsed.map);
    return parsed;
}

bool counts_cores(const Given& given) { return given.slots == "auto" || given.slots == "logical"; }

std::uint32_t automatic_slots(std::vector<std::string>& warnings) {
    const char* name = "PYTEST_XDIST_AUTO_NUM_WORKERS";
    const char* asked = std::getenv(name);
    if (asked == nullptr || *asked == '\0') return usable_cores();
    try {
        return number(name, asked, slots_most);
    } catch (const Fatal& error) {
        warnings.emplace_back(error.what());  // as in pytest-xdist, it is none of this run's doing
        return usable_cores();
    }
}

std::uint32_t slots_from(const Given& given, const Parsed& parsed,
                         std::vector<std::string>& warnings) {
    std::uint32_t slots = counts_cores(given)
                              ? automatic_slots(warnings)
                              : number(parsed.name("numprocesses", "-n"), given.slots, slots_most);
    if (!given.slots_most.empty()) {
        slots = std::min(slots, number(parsed.name("maxprocesses"), given.slots_most, slots_most));
    }
    return slots;
}

bool is_distributed(bool environments, const Parsed& parsed, const Given& given) {
    if (given.distribution.empty()) return environments;
    one_of(parsed.name("dist"), given.distribution, choices_of("dist"));
    return environments && given.distribution != "no";
}

// What a slot has not begun goes to others as soon as those are idle: worksteal is what load does.
Grouping grouping_of(const std::string& distribution) {
    if (distribution == "loadscope") return Grouping::scope;
    if (distribution == "loadfile") return Grouping::file;
    return distribution == "loadgroup" ? Grouping::group : Grouping::none;
}

// Of all environments, beside what each asks for by itself; one that comes again has one more
// value.
void add_labels(const std::vector<Setting>& repeated, bool shared, std::vector<XSpec>& all) {
    std::map<std::string, std::string> labels;
    for (const Setting& setting : repeated) {
        if (setting.name != "label") continue;
        const std::size_t equals = setting.value.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw Fatal(
                fmt::format("{} takes NAME=VALUE, not '{}'", called(setting), setting.value), 4);
        }
        if (!shared) {
            throw Fatal(
                called(setting) + " asks for a broker's workers: name the broker with --broker", 4);
        }
        const std::string value = setting.value.substr(equals + 1);
        const auto [found, is_new] = labels.emplace(setting.value.substr(0, equals), value);
        if (!is_new) found->second += "," + value;
    }
    for (XSpec& spec : all) spec.labels.insert(labels.begin(), labels.end());
}

// -n is so many times popen, beside what --tx asks for; by itself, and 0, it stands alone.
void set_environments(Options& options, const Parsed& parsed, const Given& given,
                      const std::vector<Setting>& repeated) {
    Result<Environments> asked = read_environments(repeated);
    if (!asked) throw Fatal(asked.error(), 4);
    if (parsed.contains("numprocesses") || asked->environments.empty()) {
        const std::uint32_t slots = slots_from(given, parsed, options.warnings);
        if (slots == 0) *asked = {};
        if (slots > 0) {
            asked->environments.insert(asked->environments.begin(),
                                       XSpec{.text = "popen", .count = slots});
        }
    }
    RunSpec& spec = options.spec;
    spec.distributed = is_distributed(!asked->environments.empty(), parsed, given);
    spec.each = spec.distributed && given.distribution == "each";
    spec.grouping = grouping_of(spec.distributed ? given.distribution : "no");
    if (!given.chunk_max.empty()) {
        spec.chunk_max = number(parsed.name("maxschedchunk"), given.chunk_max, 1'000'000);
    }
    if (!given.ramp.empty()) spec.ramp_seconds = duration(parsed.name("ramp"), given.ramp);
    if (!spec.distributed) *asked = {.environments = {XSpec{.text = "popen"}}};
    add_labels(repeated, !options.broker.empty(), asked->environments);
    Result<Served> served = serve(
        *asked,
        {.interpreter = spec.interpreter, .each = spec.each, .shared = !options.broker.empty()});
    if (!served) throw Fatal(served.error(), 4);
    options.environments = *std::move(asked);
    options.hosts = std::move(served->hosts);
    spec.environments = std::move(served->environments);
    spec.slots = 0;
    for (const Environment& environment : spec.environments) spec.slots += environment.slots;
}

// Afterwards tests, which inherit our environment, do not find it there.
void set_tokens(Options& options, const std::string& given,
                const std::map<std::string, std::string>& environment) {
    GivenTokens tokens{.option = given};
    const auto variable = environment.find(token_variable);
    if (variable != environment.end()) tokens.variable = variable->second;
    unsetenv(token_variable);
    const std::filesystem::path folder = users_folder(environment);
    if (!folder.empty()) tokens.file = folder / "tokens";
    for (Host& host : options.hosts) {
        if (host.reach != Reach::socket) continue;
        Result<std::optional<Token>> token = find_token(tokens, {host.spec.host, host.spec.port});
        if (!token) throw Fatal(token.error(), 4);
        host.token = *token;
    }
}

// As slots and reports may see it.
std::vector<std::string> without_token(const std::vector<std::string>& arguments) {
    std::vector<std::string> kept;
    bool is_token = false;
    for (const std::string& argument : arguments) {
        const bool skipped = std::exchange(is_token, argument == "--token");
        if (!skipped && argument != "--token" && !argument.starts_with("--token=")) {
            kept.push_back(argument);
        }
    }
    return kept;
}

// The plugin's session writes and shows what there is to see.
void set_plugin(Options& options, const Given& given) {
    if (given.plugin_socket.empty()) return;
    options.plugin_socket =
        static_cast<int>(number("--plugin-socket", given.plugin_socket, 1'000'000));
    options.spec.whole_reports = true;
    options.junit_xml.clear();
}

// Who hands it in, and what for. Of a shared broker's run others need to know.
void set_order(Options& options, const Parsed& parsed, const Given& given,
               const std::vector<std::string>& arguments) {
    Order& order = options.order;
    options.detach = parsed.contains("detach");
    if (options.detach && options.broker.empty()) {
        throw Fatal("--detach needs a broker that others share: add --broker ENDPOINT", 4);
    }
    for (const char* other :
         {"looponfail", "repeat", "junitxml", "json", "tap", "html", "perfetto", "plugin-socket"}) {
        if (!options.detach || !parsed.contains(other)) continue;
        throw Fatal(
            fmt::format("--detach and {}: nobody stays for it (xgrid attach takes --junitxml "
                        "and --json)",
                        parsed.name(other)),
            4);
    }
    order.user = user_name();
    order.host = host_name();
    order.title = as_typed(arguments);
    if (order.project.empty()) order.project = project_name(options.sync.root);
    if (!given.priority.empty()) {
        order.priority = whole_number(parsed.name("priority"), given.priority, priority_most);
    }
    order.interactive = is_watched() && !options.detach;
    order.stays = !options.broker.empty() && !parsed.contains("looponfail");
}

bool is_pytest(const RunSpec& spec) { return spec.framework == "pytest"; }

// Words that are no options, nor values of options. What comes behind "--" is for the targets
// before it, if there are any.
std::vector<std::string> targets_in(const std::vector<std::string>& arguments) {
    std::vector<std::string> targets;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--" && !targets.empty()) break;
        if (!arguments[i].starts_with("-")) targets.push_back(arguments[i]);
        if (pytest_option_takes_value(arguments[i])) ++i;
    }
    return targets;
}

// What other options mean hangs on it.
std::string framework_asked(const Arguments& split, const std::string& directory) {
    constexpr std::string_view option = "--framework=";
    std::string asked = "auto";
    for (const std::string& word : split.ours) {
        if (word.starts_with(option)) asked = word.substr(option.size());
    }
    one_of("--framework", asked, choices_of("framework"));
    return asked == "auto" ? framework_of(targets_in(split.pytest), directory) : asked;
}

// The commands take the place of the file that they are in.
std::vector<std::string> with_commands(const std::vector<std::string>& arguments,
                                       const std::string& directory) {
    std::vector<std::string> all;
    std::string list = "-";
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "-k" && i + 1 < arguments.size()) {
            all.insert(all.end(), {arguments[i], arguments[i + 1]});
            ++i;
        } else if (arguments[i].starts_with("-") && arguments[i] != "-") {
            throw Fatal(fmt::format("unknown option: {}", arguments[i]), 4);
        } else {
            list = arguments[i];
        }
    }
    if (list == "-" && isatty(STDIN_FILENO) != 0) {
        throw Fatal(
            "--framework command: name a file with a command on each line, or give them "
            "on stdin",
            4);
    }
    const std::vector<std::string> commands = read_commands(list, directory);
    all.insert(all.end(), commands.begin(), commands.end());
    return all;
}

void set_run(Options& options, const Parsed& parsed, const Given& given,
             const std::vector<Setting>& repeated) {
    RunSpec& spec = options.spec;
    if (given.framework != "auto") spec.framework = given.framework;
    spec.collect_full = one_of(parsed.name("collect"), given.collect, {"lazy", "full"}) == "full";
    one_of(parsed.name("start"), given.start, {"auto", "fork", "spawn"});
    if (given.start == "fork") spec.start = Start::fork;
    if (given.start == "spawn") spec.start = Start::spawn;
    spec.boxed = parsed.contains("boxed");
    spec.collect_only = parsed.contains("collect-only");
    spec.confirm = is_pytest(spec) && !spec.collect_full && !parsed.contains("no-confirm");
    if (spec.interpreter.empty()) spec.interpreter = "python3";
    set_environments(options, parsed, given, repeated);
    if (!given.failures_max.empty()) {
        spec.failures_max = number(parsed.name("maxfail"), given.failures_max, 1'000'000);
    }
    spec.crashes_max = given.crashes_max.empty() ? spec.slots * crashes_per_slot
                                                 : number(parsed.name("max-worker-restart"),
                                                          given.crashes_max, 1'000'000);
    if (!given.retries.empty()) {
        spec.retries = number(parsed.name("retries"), given.retries, retries_most);
    }
    spec.retry_anywhere =
        one_of(parsed.name("retry-on"), given.retry_on, {"other", "any"}) == "any";
    spec.fail_on_flaky = parsed.contains("fail-on-flaky");
    spec.duplicate_tail = parsed.contains("duplicate-tail");
    if (!given.timeout.empty()) {
        spec.timeout_seconds = seconds(parsed.name("timeout"), given.timeout);
    }
    if (!options.broker.empty()) {
        require_endpoint(options.broker, parsed.name("broker"));
        options.credentials = credentials_for(options.broker, {given.broker_key, given.key, ""});
    }
    options.pack = packs_from(given.compress, parsed.name("compress"),
                              options.broker.empty() ? "ipc://" : options.broker);
    if (given.compress != "auto") {
        for (Host& host : options.hosts) host.pack = options.pack;
    }
}

// Sessions count each failure, and would stop for one that is not final, or does not count.
void let_sessions_go_on(RunSpec& spec) {
    if (spec.failures_max == 0 || (spec.retries == 0 && spec.quarantines.empty())) return;
    const auto end = std::ranges::find(spec.arguments, "--");
    spec.arguments.insert(end, "--maxfail=0");
}

void set_quarantines(Options& options, std::vector<Quarantine> found) {
    for (std::string& line : drop_expired(found, today())) {
        options.warnings.push_back(std::move(line));
    }
    options.spec.quarantines = std::move(found);
}

void set_repeat(Options& options, const Parsed& parsed, const Given& given) {
    if (given.repeat.empty()) return;
    if (options.repeats) {
        throw Fatal("--looponfail and --repeat: one of them says when tests run again", 4);
    }
    options.repeat.emplace();
    if (given.repeat == "until-fail") return;
    options.repeat->times = number(parsed.name("repeat"), given.repeat, 1'000'000);
    if (options.repeat->times == 0) throw Fatal("--repeat 0: nothing would run", 4);
}

// pytest itself, in the user's terminal, if no number of slots was asked for.
void set_debugger(Options& options, const Given& given, const std::string& name,
                  const United& united, const std::vector<Setting>& settings) {
    const bool may_do_without =
        counts_cores(given) &&
        std::ranges::find(united.repeated, "tx", &Setting::name) == united.repeated.end();
    if (options.spec.distributed && !may_do_without) {
        throw Fatal(fmt::format("{} needs a test that runs in your terminal, which slots do not: "
                                "add -n 0 to run pytest itself there",
                                name),
                    4);
    }
    options.asks_pytest = true;
    std::vector<std::string>& arguments = options.spec.arguments;
    const bool pytest_has_n = std::ranges::any_of(settings, [](const Setting& setting) {
        const std::string& origin = setting.origin.name;
        return setting.name == "numprocesses" && !origin.ends_with(".toml") &&
               !origin.starts_with("XGRID_");
    });
    if (pytest_has_n) arguments.insert(arguments.begin(), {"-n", "0"});
    if (!options.junit_xml.empty()) arguments.push_back("--junitxml=" + options.junit_xml);
}

// On a broker's workers, programs of one machine run nowhere else; unless a label says where.
void want_their_machine(Options& options) {
    const std::string machine = machine_of(options.sync.targets);
    if (machine.empty() || options.broker.empty()) return;
    for (Environment& environment : options.spec.environments) {
        environment.labels.emplace("arch", machine);
    }
}

std::string working_directory() {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::current_path(error);
    if (error) {
        throw Fatal(fmt::format("cannot tell the working directory: {}", error.message()), 4);
    }
    return path;
}

bool asks_for_help(const std::vector<std::string>& ours) {
    return std::ranges::any_of(
        ours, [](const std::string& argument) { return argument == "--help" || argument == "-h"; });
}

}  // namespace

std::optional<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    Given given;
    OptionGroups groups;
    describe(groups, given, options);
    options.spec.directory = working_directory();
    std::string debugger;
    const auto kind = [&](const std::string& name) -> OptionKind {
        if (std::ranges::find(for_a_debugger, name) != for_a_debugger.end()) debugger = name;
        options.asks_pytest =
            options.asks_pytest || std::ranges::find(asking_pytest, name) != asking_pytest.end();
        const std::string main = with_main_name(name);
        const std::string bare = main.substr(main.starts_with("--") ? 2 : 0);
        const po::option_description* known = groups.all.find_nothrow(bare, false);
        if (known == nullptr && !is_pytest(options.spec) && name != "-k") return {.whole = true};
        if (known == nullptr) return {Owner::pytest, pytest_option_takes_value(name)};
        return {is_both(name) ? Owner::both : Owner::ours, known->semantic()->max_tokens() > 0};
    };
    Arguments split = split_arguments(arguments, kind);
    options.spec.framework = framework_asked(split, options.spec.directory);
    const bool pytest = is_pytest(options.spec);
    if (!pytest) {
        split = split_arguments(arguments, kind);
        debugger.clear();
        options.asks_pytest = false;
    }
    if (asks_for_help(split.ours)) {
        std::cout << help_of(groups);
        return std::nullopt;
    }
    const std::map<std::string, std::string> environment = variables();
    FoundSettings settings = read_settings(
        pytest_question(options.spec.directory, pytest ? split.pytest : std::vector<std::string>{}),
        environment);
    std::vector<std::string> ours;
    std::ranges::transform(split.ours, std::back_inserter(ours), [](const std::string& argument) {
        if (argument == "-d" || argument == "--distload") return std::string("--dist=load");
        if (argument == "-x" || argument == "--exitfirst") return std::string("--maxfail=1");
        return with_main_name(argument);
    });
    const United united = unite(settings.values, ours, options.spec.directory);
    try {
        const Parsed parsed = parse(united, groups);
        set_run(options, parsed, given, united.repeated);
        set_tokens(options, given.token, environment);
        options.sync = sync_settings(settings.project.root, united.repeated);
        options.sync.take_all = parsed.contains("take-all");
        options.sync.empty_folders = parsed.contains("empty-folders");
        set_plugin(options, given);
        options.repeats = parsed.contains("looponfail");
        options.rerun_failed = parsed.contains("rerun-failed");
        set_repeat(options, parsed, given);
        set_display(options, parsed.map, given, split.ours);
        options.spec.show_output = parsed.contains("no-capture") || given.capture == "no";
        set_order(options, parsed, given, without_token(arguments));
    } catch (const po::error& error) {
        throw Fatal(fmt::format("{}\n(xgrid submit --help shows the options)", error.what()), 4);
    }
    options.watch_roots = std::move(settings.watch_roots);
    options.spec.needs = std::move(settings.needs.needs);
    options.spec.locks = std::move(settings.needs.locks);
    set_quarantines(options, std::move(settings.quarantines));
    options.warnings.insert(options.warnings.begin(), settings.warnings.begin(),
                            settings.warnings.end());
    if (is_pytest(options.spec)) options.spec.arguments = united.pytest;
    options.spec.arguments.insert(options.spec.arguments.end(), split.pytest.begin(),
                                  split.pytest.end());
    if (is_pytest(options.spec)) let_sessions_go_on(options.spec);
    if (options.spec.framework == "command") {
        options.spec.arguments = with_commands(options.spec.arguments, options.spec.directory);
    } else if (!is_pytest(options.spec)) {
        options.sync.targets =
            take_targets(options.spec.arguments, options.spec.directory, options.sync.root);
        want_their_machine(options);
    }
    if (!debugger.empty()) set_debugger(options, given, debugger, united, settings.values);
    options.spec.command = without_token(arguments);
    options.spec.command.insert(options.spec.command.begin(), options.spec.framework);
    return options;
}

}  // namespace xgrid::client
