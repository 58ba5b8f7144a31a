#include "worker/frameworks/native/cmake_regex.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

namespace xgrid::worker::native {
namespace {

constexpr std::size_t groups_max = 9;  // CMake's own, before 3.29
constexpr std::size_t pattern_bytes_max = 32766;

std::size_t code(char byte) { return static_cast<unsigned char>(byte); }

bool repeats(char byte) { return byte == '*' || byte == '+' || byte == '?'; }

}  // namespace

// Builds states from the last to the first, so that each knows what follows it.
class CMakeRegex::Compiler {
public:
    Compiler(CMakeRegex& regex, std::string_view pattern) : regex_(regex), rest_(pattern) {}

    bool compile() {
        if (rest_.size() > pattern_bytes_max || rest_.find('\0') != rest_.npos) return false;
        const auto tree = choice(false);
        if (!tree) return false;
        regex_.first_ = emit(*tree, add({.kind = Kind::match}));
        return true;
    }

private:
    struct Node {
        enum class Shape : std::uint8_t { bytes, begin, end, sequence, choice, repeated };
        Shape shape = Shape::sequence;
        Bytes bytes;
        char repeat = 0;
        bool has_width = false;  // never matches the empty text
        std::vector<Node> parts;
    };

    std::optional<Node> choice(bool in_group) {
        Node node{.shape = Node::Shape::choice, .has_width = true};
        do {
            auto part = sequence();
            if (!part) return std::nullopt;
            node.has_width = node.has_width && part->has_width;
            node.parts.push_back(std::move(*part));
        } while (take('|'));
        if (in_group ? !take(')') : !rest_.empty()) return std::nullopt;
        return node;
    }

    std::optional<Node> sequence() {
        Node node;
        while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
            auto part = piece();
            if (!part) return std::nullopt;
            node.has_width = node.has_width || part->has_width;
            node.parts.push_back(std::move(*part));
        }
        return node;
    }

    std::optional<Node> piece() {
        auto part = atom();
        if (!part || rest_.empty() || !repeats(rest_.front())) return part;
        const char repeat = rest_.front();
        if (repeat != '?' && !part->has_width) return std::nullopt;
        rest_.remove_prefix(1);
        if (!rest_.empty() && repeats(rest_.front())) return std::nullopt;
        Node node{.shape = Node::Shape::repeated, .repeat = repeat, .has_width = repeat == '+'};
        node.parts.push_back(std::move(*part));
        return node;
    }

    std::optional<Node> atom() {
        const char first = rest_.front();
        if (repeats(first)) return std::nullopt;
        rest_.remove_prefix(1);
        switch (first) {
            case '^': return Node{.shape = Node::Shape::begin};
            case '$': return Node{.shape = Node::Shape::end};
            case '.': return one_of(~Bytes{});
            case '[': return set();
            case '(': return ++groups_ > groups_max ? std::nullopt : choice(true);
            case '\\': break;
            default: return one_of(Bytes{}.set(code(first)));
        }
        if (rest_.empty()) return std::nullopt;
        const char escaped = rest_.front();
        rest_.remove_prefix(1);
        return one_of(Bytes{}.set(code(escaped)));
    }

    // What follows [. A ] or - comes first to be itself, a - also last.
    std::optional<Node> set() {
        const bool others = take('^');
        Bytes bytes;
        std::size_t last = 0;
        const auto add_one = [&] {
            last = code(rest_.front());
            bytes.set(last);
            rest_.remove_prefix(1);
        };
        if (!rest_.empty() && (rest_.front() == ']' || rest_.front() == '-')) add_one();
        while (!rest_.empty() && rest_.front() != ']') {
            if (rest_.front() != '-' || rest_.size() < 2 || rest_[1] == ']') {
                add_one();
                continue;
            }
            const std::size_t end = code(rest_[1]);
            if (last > end) return std::nullopt;
            for (std::size_t byte = last; byte <= end; ++byte) bytes.set(byte);
            last = end;
            rest_.remove_prefix(2);
        }
        if (!take(']')) return std::nullopt;
        return one_of(others ? ~bytes : bytes);
    }

    static Node one_of(Bytes bytes) {
        return {.shape = Node::Shape::bytes, .bytes = bytes, .has_width = true};
    }

    bool take(char byte) {
        if (rest_.empty() || rest_.front() != byte) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::size_t add(State state) {
        regex_.states_.push_back(state);
        return regex_.states_.size() - 1;
    }

    std::size_t emit(const Node& node, std::size_t next) {
        switch (node.shape) {
            case Node::Shape::bytes:
                regex_.bytes_.push_back(node.bytes);
                return add({.kind = Kind::bytes, .bytes = regex_.bytes_.size() - 1, .next = next});
            case Node::Shape::begin: return add({.kind = Kind::begin, .next = next});
            case Node::Shape::end: return add({.kind = Kind::end, .next = next});
            case Node::Shape::sequence:
                for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part) {
                    next = emit(*part, next);
                }
                return next;
            case Node::Shape::choice: {
                std::size_t entry = emit(node.parts.back(), next);
                for (auto part = node.parts.rbegin() + 1; part != node.parts.rend(); ++part) {
                    entry = add({.kind = Kind::split, .next = emit(*part, next), .other = entry});
                }
                return entry;
            }
            case Node::Shape::repeated: break;
        }
        const std::size_t split = add({.kind = Kind::split, .other = next});
        const std::size_t body = emit(node.parts.front(), node.repeat == '?' ? next : split);
        regex_.states_[split].next = body;
        return node.repeat == '+' ? body : split;
    }

    CMakeRegex& regex_;
    std::string_view rest_;
    std::size_t groups_ = 0;
};

// All states at once, a byte at a time.
class CMakeRegex::Search {
public:
    Search(const CMakeRegex& regex, std::size_t length)
        : regex_(regex), length_(length), seen_(regex.states_.size(), 0) {}

    bool run(std::string_view text) {
        for (std::size_t at = 0; at <= length_; ++at) {
            if (enter(regex_.first_, at)) return true;
            if (at == length_) break;
            now_.swap(next_);
            next_.clear();
            for (const std::size_t state : now_) {
                const State& here = regex_.states_[state];
                if (!regex_.bytes_[here.bytes].test(code(text[at]))) continue;
                if (enter(here.next, at + 1)) return true;
            }
        }
        return false;
    }

private:
    // Whether a match ends here; else all that can take the byte at `at` from there is in next_.
    bool enter(std::size_t state, std::size_t at) {
        open_.push_back(state);
        while (!open_.empty()) {
            state = open_.back();
            open_.pop_back();
            if (seen_[state] == at + 1) continue;
            seen_[state] = at + 1;
            const State& here = regex_.states_[state];
            switch (here.kind) {
                case Kind::match: return true;
                case Kind::bytes: next_.push_back(state); break;
                case Kind::begin:
                    if (at == 0) open_.push_back(here.next);
                    break;
                case Kind::end:
                    if (at == length_) open_.push_back(here.next);
                    break;
                case Kind::split:
                    open_.push_back(here.other);
                    open_.push_back(here.next);
                    break;
            }
        }
        return false;
    }

    const CMakeRegex& regex_;
    std::size_t length_;
    std::vector<std::size_t> seen_;  // at which place last, from 1
    std::vector<std::size_t> now_;
    std::vector<std::size_t> next_;
    std::vector<std::size_t> open_;
};

CMakeRegex::CMakeRegex(std::string_view pattern) { valid_ = Compiler(*this, pattern).compile(); }

bool CMakeRegex::found_in(std::string_view text) const {
    return valid_ && Search(*this, text.size()).run(text);
}

}  // namespace xgrid::worker::native
