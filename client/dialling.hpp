// How a session with a worker that listens comes about and stays, and when it is given up. Pure:
// what the worker answers and what becomes of the connection go in; what to say to it, and to the
// user, comes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/dialling.hpp"
#include "shared/instant.hpp"

namespace xgrid::client {

/// What becomes of the first of its connections.
enum class LineNews : std::uint8_t {
    denied,   // our key is not among those that the worker lets in
    failed,   // its key is another, or it speaks otherwise
    refused,  // nobody is there
};

struct DiallingSettings {
    /// The worker hears at least so often, and answers.
    Duration repeat = std::chrono::seconds(1);
    /// A worker that is silent for so long is given up.
    Duration silence_max = std::chrono::seconds(10);
    /// Where nobody listens for so long, nobody will.
    Duration absence_max = std::chrono::seconds(3);
};

class Dialling {
public:
    struct Effects {
        std::vector<std::pair<Line, Dial>> send;
        std::vector<std::string> notes;  // for the user
    };

    struct Wanted {
        std::uint32_t slots = 0;
        std::string label;  // of the worker
        bool pack = false;  // content on its way there
    };
    /// `session` is random: no two sessions in the world have the same.
    Dialling(Instant now, std::string session, Wanted wanted, DiallingSettings settings = {});

    /// The worker has greeted that connection, which may be another than before.
    Effects greeted(Instant now, Line line);
    Effects receive(Instant now, const DialAnswer& answer);
    void hear(Instant now, LineNews news);
    /// The worker will not talk to us, and why.
    void refuse(const std::string& why);
    /// To be called when next_deadline() has passed; early calls change nothing.
    Effects advance(Instant now);
    Instant next_deadline() const { return trouble_.empty() ? repeat_at_ : never; }

    /// That it is not needed any more.
    Dial farewell() const { return {.session = session_}; }

    /// Not empty: there is no session, nor will there be, and why.
    const std::string& trouble() const { return trouble_; }
    /// That it is the token is what cut connections let us think; that nobody is there any more may
    /// look the same.
    bool suspects_token() const { return failures_ >= failures_max; }

private:
    static constexpr int failures_max = 2;  // one may be because the worker was just ending

    void say(Instant now, Effects& effects);
    void give_up(std::string why);
    Dial dial(Line line) const;

    std::string session_;
    Wanted wanted_;
    DiallingSettings settings_;
    std::optional<DialAnswer> last_;  // answer
    Instant heard_at_;
    std::optional<Instant> absent_since_;
    int failures_ = 0;  // in a row
    Instant repeat_at_;
    std::string trouble_;
};

}  // namespace xgrid::client
