#include "client/words.hpp"

#include <optional>

namespace xgrid::client {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(char letter) { return blanks.find(letter) != std::string_view::npos; }

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (std::size_t place = 0; place < text.size(); ++place) {
        const char letter = text[place];
        if (quote == 0 && is_blank(letter)) {
            if (word) words.push_back(*std::move(word));
            word.reset();
            continue;
        }
        if (!word) word.emplace();
        if (letter == '\\' && quote != '\'') {
            if (++place == text.size()) return Error{"a backslash with nothing after it"};
            // Within double quotes it protects only what would mean something there.
            const bool protects = quote == 0 || text[place] == '"' || text[place] == '\\';
            if (!protects) *word += '\\';
            *word += text[place];
        } else if (quote != 0 ? letter == quote : letter == '"' || letter == '\'') {
            quote = quote == 0 ? letter : 0;
        } else {
            *word += letter;
        }
    }
    if (quote != 0) return Error{"a quote that is not closed"};
    if (word) words.push_back(*std::move(word));
    return words;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace xgrid::client
