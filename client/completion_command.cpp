#include "client/completion_command.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include "client/answer_text.hpp"
#include "client/command_options.hpp"
#include "client/completion.hpp"
#include "client/completion_scripts.hpp"
#include "client/inquiry.hpp"
#include "client/run_id.hpp"
#include "client/subcommands.hpp"
#include "client/words.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

// Somebody waits at a keyboard.
constexpr Duration patience = std::chrono::milliseconds(700);

std::vector<std::string> words_of(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return {};
    if (arguments.front() != "--line") return {arguments.begin() + 1, arguments.end()};
    const std::string line = arguments.size() > 1 ? arguments[1] : "";
    Result<std::vector<std::string>> words = split_words(line);
    if (!words || words->empty()) return {};
    if (line.ends_with(' ')) words->emplace_back();
    return {words->begin() + 1, words->end()};
}

Inquiry broker_of(const std::vector<std::string>& words) {
    std::vector<std::string> arguments;
    for (const char* option : {"--broker", "--broker-key", "--key"}) {
        const std::string value = given_value(words, option);
        if (!value.empty()) arguments.push_back(fmt::format("{}={}", option, value));
    }
    const std::optional<Command> command = parse_command(CommandKind::runs, arguments);
    return {command->options.broker, command->options.credentials, patience};
}

void add_runs(Completion& completion, const std::vector<std::string>& words) {
    const bool as_they_are = words.back().size() > short_id(words.back()).size();
    const Answer answer = broker_of(words).ask(Question::runs);
    for (const RunSummary& run : answer.runs) {
        if (completion.others == Others::open_runs && run.state == RunState::over) continue;
        completion.candidates.push_back({as_they_are ? run.run : short_id(run.run), title_of(run)});
    }
}

void add_labels(Completion& completion, const std::vector<std::string>& words) {
    std::set<std::string> labels;
    const Answer answer = broker_of(words).ask(Question::workers);
    for (const WorkerSummary& worker : answer.workers) {
        for (const auto& [name, values] : worker.labels) {
            for (std::size_t at = 0; at <= values.size();) {
                const std::size_t end = std::min(values.find(',', at), values.size());
                labels.insert(name + "=" + values.substr(at, end - at));
                at = end + 1;
            }
        }
    }
    for (const std::string& label : labels) {
        completion.candidates.push_back({completion.before + label, ""});
    }
}

std::string first_line(const std::string& text) {
    std::string line = text.substr(0, text.find('\n'));
    std::ranges::replace(line, '\t', ' ');
    return line;
}

}  // namespace

int print_completion_script(const std::vector<std::string>& arguments) {
    const std::vector<CommandText> all = subcommands();
    const auto about = std::ranges::find(all, "completion", &CommandText::name);
    const std::string word = arguments.empty() ? "" : arguments.front();
    if (word == "--help" || word == "-h") {
        fmt::print("{}", about->opening);
        return 0;
    }
    const auto script = std::ranges::find(completion_scripts, word,
                                          &std::pair<std::string_view, std::string_view>::first);
    if (script == completion_scripts.end() || arguments.size() > 1) {
        throw Fatal("xgrid completion: say bash, zsh or fish\n(xgrid completion --help tells more)",
                    4);
    }
    fmt::print("{}", script->second);
    return 0;
}

int complete_words(const std::vector<std::string>& arguments) {
    const std::vector<std::string> words = words_of(arguments);
    if (words.empty()) return 0;
    Completion completion = complete(subcommands(), words);
    const bool of_runs =
        completion.others == Others::runs || completion.others == Others::open_runs;
    try {
        if (of_runs) add_runs(completion, words);
        if (completion.others == Others::labels) add_labels(completion, words);
    } catch (const Fatal&) {
        // Who presses a key has asked nothing that this would answer.
    }
    for (const Candidate& candidate : completion.candidates) {
        if (!candidate.text.starts_with(words.back())) continue;
        fmt::print("{}\t{}\n", candidate.text, first_line(candidate.about));
    }
    if (completion.others == Others::files) fmt::print(":files\n");
    if (completion.others == Others::folders) fmt::print(":folders\n");
    return 0;
}

}  // namespace xgrid::client
