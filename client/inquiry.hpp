// A connection to a broker for one question at a time. Any message may be lost: what is not
// answered is said again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "shared/instant.hpp"
#include "shared/messages.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {

class Inquiry {
public:
    /// So long a broker may usually take to answer.
    static constexpr Duration usual_patience = std::chrono::seconds(5);

    /// Waits until the broker has said who it is. Throws Fatal if it does not (exit code 3), or the
    /// endpoint makes no sense.
    Inquiry(std::string endpoint, const std::optional<Token>& credentials,
            Duration patience = usual_patience);

    const Welcome& broker() const { return broker_; }
    const std::string& endpoint() const { return endpoint_; }

    /// Throws Fatal: there is no answer (3), or the broker says why there is none (4).
    Answer ask(Question question, const std::string& about = "");
    Answer ask(Ask ask);

    /// To follow a run, from its first event on. Throws Fatal, likewise.
    Attached attach(const std::string& run);

    /// Follows it to its end; each event is told once. `cancels`: and ends it. Throws Fatal if the
    /// broker falls silent, or forgets the run.
    RunFinished follow(const Attached& run, bool cancels,
                       const std::function<void(const Event&)>& listener);

private:
    std::optional<Message> receive(Instant until);
    /// Says it until there is what `take` wants.
    void converse(const std::optional<Message>& question,
                  const std::function<bool(const Message&)>& take);

    std::string endpoint_;
    Duration patience_;
    Context context_;
    Dealer dealer_;
    Welcome broker_;
    std::uint64_t number_ = 0;
};

}  // namespace xgrid::client
