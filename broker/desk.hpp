// Where HTTP's threads leave questions for the loop, and wait for what it says. The loop never
// waits for them: in each turn it takes a few, and what it says goes with it.
//
// Whoever reads slowly asks slowly: nothing is kept for anybody here.
#pragma once

#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "broker/run_events.hpp"
#include "shared/descriptor.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

class Desk {
public:
    using Question = std::variant<Ask, EventsAsked, Cancel>;
    using Reply = std::variant<Answer, EventsGiven>;
    struct Open {
        Question question;
        std::promise<Reply> reply;
    };
    /// More are not taken at a time.
    static constexpr std::size_t open_max = 64;

    Desk();

    /// None: it is closed, there are too many others, or the loop says nothing for seconds.
    std::optional<Answer> ask(Ask question) { return as<Answer>(put(std::move(question))); }
    std::optional<EventsGiven> ask(EventsAsked question) {
        return as<EventsGiven>(put(std::move(question)));
    }
    /// Its `trouble` says why that run cannot be cancelled.
    std::optional<Answer> ask(Cancel question) { return as<Answer>(put(std::move(question))); }

    /// The next one, for the loop; none: there is none.
    std::unique_ptr<Open> take();
    /// Can be read from while there may be one.
    int descriptor() const { return there_.get(); }
    /// Nobody will reply any more.
    void close();

private:
    std::optional<Reply> put(Question question);
    template <class T>
    static std::optional<T> as(std::optional<Reply> reply) {
        T* found = reply ? std::get_if<T>(&*reply) : nullptr;
        return found == nullptr ? std::nullopt : std::optional<T>(std::move(*found));
    }

    Descriptor there_;
    std::mutex mutex_;
    std::deque<std::unique_ptr<Open>> open_;
    bool closed_ = false;
};

}  // namespace xgrid::broker
