#include "client/lookout.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace xgrid::client {

std::vector<Message> Lookout::advance(Instant now) {
    if (now < next_) return {};
    if (heard_at_ == Instant()) heard_at_ = now;
    const Duration silent = now - heard_at_;
    if (silent >= patience) {
        overview_.trouble = fmt::format("no broker answers at {} for {}", overview_.broker,
                                        rough_time(std::chrono::duration<double>(silent).count()));
    }
    if (!overview_.trouble.empty()) end_round();
    next_ = now + interval;
    under_way_ = true;
    asked_.clear();
    return {ask(Question::runs), ask(Question::workers), ask(Question::wanted)};
}

std::vector<Message> Lookout::receive(Instant now, const Message& message) {
    if (const auto* welcome = std::get_if<Welcome>(&message)) {
        heard_at_ = now;
        overview_.version = welcome->version;
        next_ = now;  // it has heard nothing of what was asked before
    }
    if (const auto* refusal = std::get_if<Refusal>(&message)) {
        heard_at_ = now;
        overview_.trouble = "the broker refuses: " + refusal->reason;
    }
    const auto* answer = std::get_if<Answer>(&message);
    if (answer == nullptr) return {};
    const auto asked = asked_.find(answer->number);
    if (asked == asked_.end() || asked->second.answered) return {};
    heard_at_ = now;
    asked->second.answered = true;
    std::vector<Message> more = take(asked->second, *answer);
    const bool all =
        std::ranges::all_of(asked_, [](const auto& one) { return one.second.answered; });
    if (all && more.empty()) {
        overview_.trouble.clear();
        end_round();
    }
    return more;
}

Message Lookout::ask(Question question, const std::string& about) {
    asked_[++number_] = {question, about};
    return Ask{.number = number_, .question = question, .about = about};
}

std::vector<Message> Lookout::take(const Asked& asked, const Answer& answer) {
    std::vector<Message> more;
    if (asked.question == Question::workers) overview_.workers = answer.workers;
    if (asked.question == Question::wanted) overview_.wanted = answer.wanted;
    if (asked.question == Question::why) overview_.why[asked.about] = answer.lines;
    if (asked.question == Question::runs) {
        overview_.runs = answer.runs;
        const std::vector<std::string> waiting = waiting_runs(answer.runs);
        std::erase_if(overview_.why, [&](const auto& one) {
            return std::ranges::find(waiting, one.first) == waiting.end();
        });
        for (const std::string& run : waiting) more.push_back(ask(Question::why, run));
    }
    return more;
}

void Lookout::end_round() {
    if (std::exchange(under_way_, false)) ++rounds_;
}

}  // namespace xgrid::client
