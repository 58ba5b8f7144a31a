#include "client/inquiry.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "client/client.hpp"
#include "shared/codec.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

// What is not answered for so long is said again.
constexpr Duration repeat_interval = std::chrono::seconds(1);

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

Inquiry::Inquiry(std::string endpoint, const std::optional<Token>& credentials, Duration patience)
    : endpoint_(std::move(endpoint)),
      patience_(patience),
      dealer_(context_, endpoint_, credentials) {
    converse(std::nullopt, [&](const Message& message) {
        const auto* welcome = std::get_if<Welcome>(&message);
        if (welcome != nullptr) broker_ = *welcome;
        return welcome != nullptr;
    });
}

std::optional<Message> Inquiry::receive(Instant until) {
    while (true) {
        if (const std::optional<Received> received = dealer_.receive()) {
            Result<Message> message = decode(received->views());
            if (!message) throw Fatal("cannot understand the broker: " + message.error(), 3);
            if (const auto* refusal = std::get_if<Refusal>(&*message)) {
                throw Fatal("the broker refuses: " + refusal->reason, 3);
            }
            return *std::move(message);
        }
        const Instant at = now();
        if (at >= until) return std::nullopt;
        std::vector<zmq::pollitem_t> items = {dealer_.poll_item()};
        wait_for(items, until - at);
    }
}

void Inquiry::converse(const std::optional<Message>& question,
                       const std::function<bool(const Message&)>& take) {
    const Instant deadline = now() + patience_;
    while (now() < deadline) {
        if (question) dealer_.send(encode(*question));
        const Instant again = std::min(deadline, now() + repeat_interval);
        while (const std::optional<Message> message = receive(again)) {
            if (take(*message)) return;
        }
    }
    throw Fatal(
        fmt::format("no broker answers at {} (is it running, and can this machine reach it?)",
                    endpoint_),
        3);
}

Answer Inquiry::ask(Question question, const std::string& about) {
    return ask({.question = question, .about = about});
}

Answer Inquiry::ask(Ask ask) {
    ask.number = ++number_;
    Answer answer;
    converse(std::move(ask), [&](const Message& message) {
        const auto* one = std::get_if<Answer>(&message);
        if (one == nullptr || one->number != number_) return false;
        answer = *one;
        return true;
    });
    if (!answer.trouble.empty()) throw Fatal(answer.trouble, 4);
    return answer;
}

Attached Inquiry::attach(const std::string& run) {
    std::optional<Attached> attached;
    converse(Attach{run}, [&](const Message& message) {
        const auto* one = std::get_if<Attached>(&message);
        if (one != nullptr && one->asked == run) attached = *one;
        const auto* unknown = std::get_if<UnknownRun>(&message);
        return attached.has_value() || (unknown != nullptr && unknown->run == run);
    });
    if (attached) return *std::move(attached);
    // It tells more of why: there is none, or there are many.
    ask(Question::why, run);
    throw Fatal(fmt::format("there is no run {} (xgrid runs lists them)", run), 4);
}

RunFinished Inquiry::follow(const Attached& run, bool cancels,
                            const std::function<void(const Event&)>& listener) {
    Client core(run);
    std::optional<RunFinished> end;
    const auto take = [&](const Effects& effects) {
        for (const Message& message : effects.send) dealer_.send(encode(message));
        for (const Event& event : effects.events) {
            listener(event);
            if (const auto* finished = std::get_if<RunFinished>(&event)) end = *finished;
        }
        if (!effects.trouble.empty()) throw Fatal(effects.trouble, 3);
    };
    if (cancels) take(core.cancel(now()));
    while (!end) {
        take(core.advance(now()));
        if (const auto message = receive(core.next_deadline())) take(core.receive(now(), *message));
    }
    return *end;
}

}  // namespace xgrid::client
