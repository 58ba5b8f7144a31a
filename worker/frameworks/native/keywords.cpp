#include "worker/frameworks/native/keywords.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace xgrid::worker::native {
namespace {

constexpr int depth_most = 100;

std::string lower(std::string_view text) {
    std::string made(text);
    std::ranges::transform(made, made.begin(),
                           [](unsigned char one) { return static_cast<char>(std::tolower(one)); });
    return made;
}

bool is_space(char one) { return std::isspace(static_cast<unsigned char>(one)) != 0; }

}  // namespace

class Keywords::Parser {
public:
    explicit Parser(std::string_view text) : text_(text) { next(); }

    Result<Keywords> parse() {
        either(0);
        if (error_.empty() && !token_.empty()) error_ = fmt::format("unexpected {}", token_);
        if (!error_.empty()) return Error{fmt::format("-k {}: {}", text_, error_)};
        Keywords made;
        made.steps_ = std::move(steps_);
        return made;
    }

private:
    void next() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        std::size_t end = at_;
        if (end < text_.size() && (text_[end] == '(' || text_[end] == ')')) {
            ++end;
        } else {
            while (end < text_.size() && !is_space(text_[end]) && text_[end] != '(' &&
                   text_[end] != ')') {
                ++end;
            }
        }
        token_ = text_.substr(at_, end - at_);
        at_ = end;
    }
    void either(int depth) {
        both(depth);
        while (error_.empty() && token_ == "or") {
            next();
            both(depth);
            steps_.push_back({Kind::either, ""});
        }
    }
    void both(int depth) {
        one(depth);
        while (error_.empty() && token_ == "and") {
            next();
            one(depth);
            steps_.push_back({Kind::both, ""});
        }
    }
    void one(int depth) {
        if (depth > depth_most) error_ = "too deep";
        if (!error_.empty()) return;
        if (token_ == "not") {
            next();
            one(depth + 1);
            steps_.push_back({Kind::opposite, ""});
        } else if (token_ == "(") {
            next();
            either(depth + 1);
            if (error_.empty() && token_ != ")") error_ = "a ) is missing";
            next();
        } else if (token_.empty() || token_ == ")" || token_ == "and" || token_ == "or") {
            error_ = token_.empty() ? "a word is missing" : fmt::format("unexpected {}", token_);
        } else {
            steps_.push_back({Kind::word, lower(token_)});
            next();
        }
    }

    std::string_view text_;
    std::string_view token_;
    std::size_t at_ = 0;
    std::vector<Step> steps_;
    std::string error_;
};

Result<Keywords> Keywords::parse(std::string_view expression) { return Parser(expression).parse(); }

bool Keywords::match(std::string_view id) const {
    if (steps_.empty()) return true;
    const std::string text = lower(id);
    std::vector<bool> found;
    for (const Step& step : steps_) {
        if (step.kind == Kind::word) {
            found.push_back(text.find(step.word) != std::string::npos);
            continue;
        }
        const bool last = found.back();
        if (step.kind == Kind::opposite) {
            found.back() = !last;
            continue;
        }
        found.pop_back();
        found.back() = step.kind == Kind::both ? found.back() && last : found.back() || last;
    }
    return found.back();
}

}  // namespace xgrid::worker::native
