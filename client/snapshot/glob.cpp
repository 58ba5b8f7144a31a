#include "client/snapshot/glob.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace xgrid::client {
namespace {

using Letters = std::bitset<256>;

bool in(int c, char first, char last) { return c >= first && c <= last; }

// Of ASCII, whatever the locale.
bool in_class(std::string_view name, int c) {
    const bool letter = in(c, 'a', 'z') || in(c, 'A', 'Z');
    const bool digit = in(c, '0', '9');
    const bool graph = in(c, '!', '~');
    if (name == "alnum") return letter || digit;
    if (name == "alpha") return letter;
    if (name == "blank") return c == ' ' || c == '\t';
    if (name == "cntrl") return c < ' ' || c == 127;
    if (name == "digit") return digit;
    if (name == "graph") return graph;
    if (name == "lower") return in(c, 'a', 'z');
    if (name == "print") return graph || c == ' ';
    if (name == "punct") return graph && !letter && !digit;
    if (name == "space") return c == ' ' || in(c, '\t', '\r');
    if (name == "upper") return in(c, 'A', 'Z');
    return name == "xdigit" && (digit || in(c, 'a', 'f') || in(c, 'A', 'F'));
}

bool is_class(std::string_view name) {
    for (int c = 0; c < 128; ++c) {
        if (in_class(name, c)) return true;
    }
    return false;
}

std::size_t number(char letter) { return static_cast<unsigned char>(letter); }

// A set in brackets, read letter by letter.
class LettersReader {
public:
    LettersReader(std::string_view pattern, std::size_t at) : pattern_(pattern), at_(at) {}

    /// None: there is no such set. Ends behind the closing bracket.
    std::optional<Letters> read() {
        const bool negated = at_ < pattern_.size() && (here() == '!' || here() == '^');
        if (negated) ++at_;
        bool first = true;
        while (first || at_ >= pattern_.size() || here() != ']') {
            first = false;
            if (at_ >= pattern_.size() || !read_one()) return std::nullopt;
        }
        ++at_;
        if (negated) letters_.flip();
        letters_.reset('/');
        return letters_;
    }
    std::size_t at() const { return at_; }

private:
    char here() const { return pattern_[at_]; }

    bool read_one() {
        if (here() == '[' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ':') {
            const std::size_t end = pattern_.find(']', at_ + 2);
            if (end == std::string_view::npos) return false;
            if (end > at_ + 2 && pattern_[end - 1] == ':') return read_class(end);
        }
        const bool range =
            here() == '-' && last_ && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']';
        if (range) ++at_;
        if (here() == '\\' && ++at_ >= pattern_.size()) return false;
        const char letter = here();
        ++at_;
        if (range) {
            for (std::size_t c = number(*last_); c <= number(letter); ++c) letters_.set(c);
            last_.reset();
        } else {
            letters_.set(number(letter));
            last_ = letter;
        }
        return true;
    }

    bool read_class(std::size_t end) {
        const std::string_view name = pattern_.substr(at_ + 2, end - 1 - (at_ + 2));
        if (!is_class(name)) return false;
        for (int c = 0; c < 128; ++c) {
            if (in_class(name, c)) letters_.set(static_cast<std::size_t>(c));
        }
        at_ = end + 1;
        last_.reset();
        return true;
    }

    std::string_view pattern_;
    std::size_t at_;
    Letters letters_;
    std::optional<char> last_;  // where a range may begin
};

}  // namespace

Glob::Glob(std::string_view pattern) {
    std::size_t at = 0;
    while (at < pattern.size() && !broken_) {
        switch (pattern[at]) {
            case '*': at = read_stars(pattern, at); break;
            case '[': at = read_letters(pattern, at); break;
            case '?':
                tokens_.push_back({.kind = Kind::any});
                ++at;
                break;
            case '\\': broken_ = ++at >= pattern.size(); [[fallthrough]];
            default:
                if (!broken_) tokens_.push_back({.letter = pattern[at]});
                ++at;
        }
    }
}

std::size_t Glob::read_stars(std::string_view pattern, std::size_t at) {
    const std::size_t end = std::min(pattern.find_first_not_of('*', at), pattern.size());
    const std::string_view rest = pattern.substr(end);
    const bool begins = at == 0 || pattern[at - 1] == '/';
    const bool alone = begins && (rest.empty() || rest.starts_with('/') || rest.starts_with("\\/"));
    if (end - at == 1 || !alone) {
        tokens_.push_back({.kind = Kind::star});
        return end;
    }
    if (rest.starts_with('/')) {
        tokens_.push_back({.kind = Kind::folders});
        return end + 1;
    }
    tokens_.push_back({.kind = Kind::everything});
    return end;
}

std::size_t Glob::read_letters(std::string_view pattern, std::size_t at) {
    LettersReader reader(pattern, at + 1);
    const std::optional<Letters> letters = reader.read();
    broken_ = !letters;
    if (broken_) return pattern.size();
    tokens_.push_back({.kind = Kind::letters, .letters = letters_.size()});
    letters_.push_back(*letters);
    return reader.at();
}

bool Glob::takes(const Token& token, char letter) const {
    switch (token.kind) {
        case Kind::letter: return token.letter == letter;
        case Kind::letters: return letters_[token.letters].test(number(letter));
        case Kind::any:
        case Kind::star: return letter != '/';
        case Kind::everything:
        case Kind::folders: return true;
    }
    return false;
}

// Stars and folders may stand for nothing.
void Glob::arrive(States& states, std::size_t at) const {
    for (;; ++at) {
        states[at] = 1;
        if (at == tokens_.size()) return;
        const Kind kind = tokens_[at].kind;
        if (kind == Kind::letter || kind == Kind::any || kind == Kind::letters) return;
    }
}

bool Glob::matches(std::string_view text) const {
    if (broken_) return false;
    States states(tokens_.size() + 1);
    States next(states.size());
    arrive(states, 0);
    for (const char letter : text) {
        std::ranges::fill(next, 0);
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (states[i] == 0 || !takes(tokens_[i], letter)) continue;
            switch (tokens_[i].kind) {
                case Kind::star:
                case Kind::everything: arrive(next, i); break;
                case Kind::folders:
                    next[i] = 1;
                    if (letter == '/') arrive(next, i + 1);
                    break;
                default: arrive(next, i + 1);
            }
        }
        std::swap(states, next);
    }
    return states.back() != 0;
}

}  // namespace xgrid::client
