// Asks a broker again and again what it has to do. Any message may be lost, and the broker may be
// away for a while: what is not answered is asked anew. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client/answer_text.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class Lookout {
public:
    static constexpr Duration interval = std::chrono::seconds(1);
    /// For so long a broker may be silent before that is told.
    static constexpr Duration patience = std::chrono::seconds(3);

    explicit Lookout(std::string broker) { overview_.broker = std::move(broker); }

    /// What to say to the broker. Early calls change nothing.
    std::vector<Message> advance(Instant now);
    std::vector<Message> receive(Instant now, const Message& message);
    Instant next_deadline() const { return next_; }

    /// The last that was heard, and whether that is of now.
    const Overview& overview() const { return overview_; }
    /// How many rounds are over: all is answered, or there is trouble. Each is worth showing.
    std::uint64_t rounds() const { return rounds_; }

private:
    struct Asked {
        Question question = Question::runs;
        std::string about;
        bool answered = false;
    };

    Message ask(Question question, const std::string& about = {});
    std::vector<Message> take(const Asked& asked, const Answer& answer);
    void end_round();

    Overview overview_;
    std::map<std::uint64_t, Asked> asked_;  // in this round, by number
    std::uint64_t number_ = 0;
    std::uint64_t rounds_ = 0;
    bool under_way_ = false;
    Instant began_at_;  // to ask
    Instant heard_at_;
    Instant next_;
};

}  // namespace xgrid::client
