#include "client/remote_talk.hpp"

#include <charconv>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr std::size_t lines_most = 30;
constexpr std::size_t line_bytes_most = 1000;

// The first word, which is taken off.
std::string_view next_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

int number(std::string_view text) {
    int value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

void RemoteTalk::remember(std::string_view line) {
    if (line.empty()) return;
    lines_.emplace_back(line.substr(0, line_bytes_most));
    if (lines_.size() > lines_most) lines_.pop_front();
}

RemoteWant RemoteTalk::hear(std::string_view line) {
    std::string_view rest = line;
    if (next_word(rest) != mark_) {
        remember(line);
        return RemoteWant::nothing;
    }
    const std::string_view what = next_word(rest);
    if (what == "hop") {
        ++reached_;
        return RemoteWant::script;
    }
    if (what == "here") {
        ++reached_;
        stage_ = before_end_ = RemoteStage::arrived;
    } else if (what == "need") {
        return rest == "cat" ? RemoteWant::plain_program : RemoteWant::packed_program;
    } else if (what == "start") {
        stage_ = before_end_ = RemoteStage::working;
        lines_.clear();
    } else if (what == "end") {
        worker_status_ = number(rest);
        stage_ = RemoteStage::ended;
    } else if (what == "fail") {
        failed_ = rest;
        stage_ = RemoteStage::ended;
    }
    return RemoteWant::nothing;
}

std::string RemoteTalk::hear_error(std::string_view line) {
    remember(line);
    return stage_ == RemoteStage::working ? std::string(line) : "";
}

RemoteEnd RemoteTalk::end() const {
    return {.reached = reached_,
            .stage = before_end_,
            .failed = failed_,
            .worker_status = worker_status_,
            .lines = std::vector<std::string>(lines_.begin(), lines_.end())};
}

}  // namespace xgrid::client
