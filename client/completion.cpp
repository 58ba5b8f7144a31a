#include "client/completion.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

#include "client/arguments.hpp"

namespace xgrid::client {
namespace {

// By its name as it was typed, without a value.
const OptionText* find_option(const CommandText& command, std::string_view typed) {
    for (const OptionGroupText& group : command.groups) {
        for (const OptionText& option : group.options) {
            const bool is_long = typed == "--" + option.name;
            if (is_long || (option.letter != 0 && typed == std::string{'-', option.letter})) {
                return &option;
            }
        }
    }
    return nullptr;
}

bool takes_next_word(const OptionText& option) {
    return !option.value.empty() && !option.value_may_lack;
}

// `N|auto|logical` has two; what is in capitals stands for something else.
std::vector<std::string> choices_in(const OptionText& option) {
    if (!option.choices.empty()) return option.choices;
    std::vector<std::string> choices;
    for (std::size_t at = 0; at < option.value.size();) {
        const std::size_t end = std::min(option.value.find('|', at), option.value.size());
        const std::string choice = option.value.substr(at, end - at);
        const bool is_word = std::ranges::all_of(
            choice, [](char letter) { return letter == '-' || std::islower(letter) != 0; });
        if (is_word && choice != "-" && option.value.find('|') != std::string::npos) {
            choices.push_back(choice);
        }
        at = end + 1;
    }
    return choices;
}

Others others_in(const OptionText& option) {
    const auto has = [&](const char* word) { return option.value.find(word) != std::string::npos; };
    if (option.name == "label" && has("NAME=VALUE")) return Others::labels;
    if (has("DIR") || has("FOLDER")) return Others::folders;
    if (has("FILE") || has("PATH") || has("INTERPRETER")) return Others::files;
    return Others::none;
}

Others others_for(Operand operand) {
    switch (operand) {
        case Operand::none: return Others::none;
        case Operand::file: return Others::files;
        case Operand::folder: return Others::folders;
        case Operand::run: return Others::runs;
        case Operand::open_run: return Others::open_runs;
    }
    return Others::none;
}

class Completing {
public:
    explicit Completing(std::string_view word) : word_(word) {}

    void add(const std::string& text, const std::string& about = "") {
        if (text.starts_with(word_)) found_.candidates.push_back({text, about});
    }

    // `before` and what was typed behind it are the word.
    void add_values(const OptionText& option, const std::string& before) {
        std::string begin = before;
        if (option.value.find(",") != std::string::npos) {  // a list, of which the last is typed
            const std::size_t comma = word_.rfind(',');
            if (comma != std::string_view::npos) begin = word_.substr(0, comma + 1);
        }
        for (const std::string& choice : choices_in(option)) add(begin + choice);
        found_.others = others_in(option);
        found_.before = before;
    }

    void add_options(const CommandText& command) {
        for (const OptionGroupText& group : command.groups) {
            for (const OptionText& option : group.options) {
                add("--" + option.name, option.text);
                if (option.letter != 0) add({'-', option.letter}, option.text);
            }
        }
    }

    void add_operands(const CommandText& command, std::size_t before) {
        const bool of_run = command.operand == Operand::run || command.operand == Operand::open_run;
        if (before == 0 && !command.words.empty()) {
            for (const std::string& word : command.words) add(word);
        } else if (before == 0 || !of_run) {  // there is one run
            found_.others = others_for(command.operand);
        }
    }

    Completion done() && { return std::move(found_); }

private:
    std::string_view word_;
    Completion found_;
};

// What the words before the one that is typed make of it.
struct Place {
    const OptionText* open = nullptr;  // whose value it is
    bool of_pytest = false;            // it is the value of an option of pytest
    bool plain = false;                // it is no option whatever it begins with
    std::size_t operands = 0;          // so many come before it
};

Place place_of_last(const CommandText& command, const std::vector<std::string>& words) {
    Place place;
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
        const std::string& word = words[i];
        if (place.open != nullptr || place.of_pytest) {
            place.open = nullptr;
            place.of_pytest = false;
        } else if (place.plain || word.size() < 2 || word[0] != '-') {
            ++place.operands;
        } else if (word == "--") {
            place.plain = true;
        } else if (const OptionText* option = find_option(command, word)) {
            if (takes_next_word(*option)) place.open = option;
        } else {
            place.of_pytest = command.name == "submit" && pytest_option_takes_value(word);
        }
    }
    return place;
}

Completion complete_within(const CommandText& command, const std::vector<std::string>& words) {
    const std::string& word = words.back();
    const Place place = place_of_last(command, words);
    Completing completing(word);
    if (place.of_pytest) return {.others = Others::files};
    if (place.open != nullptr) {
        completing.add_values(*place.open, "");
        return std::move(completing).done();
    }
    if (place.plain || !word.starts_with("-")) {
        completing.add_operands(command, place.operands);
        return std::move(completing).done();
    }
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
        completing.add_options(command);
    } else if (const OptionText* option = find_option(command, word.substr(0, equals))) {
        if (!option->value.empty()) completing.add_values(*option, word.substr(0, equals + 1));
    }
    return std::move(completing).done();
}

}  // namespace

Completion complete(const std::vector<CommandText>& commands,
                    const std::vector<std::string>& words) {
    if (words.size() > 1) {
        const auto command = std::ranges::find(commands, words.front(), &CommandText::name);
        return command == commands.end() ? Completion() : complete_within(*command, words);
    }
    const std::string word = words.empty() ? "" : words.back();
    Completing completing(word);
    for (const CommandText& command : commands) completing.add(command.name, summary_of(command));
    if (word.starts_with("-")) {
        completing.add("--help", "lists the subcommands");
        completing.add("--version", "prints the version");
    }
    return std::move(completing).done();
}

std::string given_value(const std::vector<std::string>& words, std::string_view option) {
    std::string found;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const std::string_view word = words[i];
        if (word == option && i + 2 < words.size()) found = words[i + 1];
        if (word.starts_with(option) && word.substr(option.size()).starts_with('=')) {
            found = word.substr(option.size() + 1);
        }
    }
    return found;
}

std::string summary_of(const CommandText& command) {
    std::size_t at = command.opening.find("\n\n");
    at = at == std::string::npos ? 0 : at + 2;
    const std::size_t end =
        std::min({command.opening.find(" (", at), command.opening.find(". ", at),
                  command.opening.find(".\n", at), command.opening.find(':', at),
                  command.opening.find(',', at), command.opening.size()});
    std::string text = command.opening.substr(at, end - at);
    std::ranges::replace(text, '\n', ' ');
    if (!text.empty()) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

}  // namespace xgrid::client
