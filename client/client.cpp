#include "client/client.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/log.hpp"
#include "shared/weight.hpp"

namespace xgrid::client {

Client::Client(std::string run, RunSpec spec, Order order, Settings settings)
    : run_(std::move(run)), spec_(std::move(spec)), order_(std::move(order)), settings_(settings) {}

Client::Client(const Attached& attached, Settings settings)
    : Client(attached.run, attached.spec, attached.order, settings) {
    attached_ = true;
    submitted_ = true;
    epoch_ = attached.epoch;
}

Submit Client::submission() const {
    return {.run = run_,
            .spec = spec_,
            .done = std::vector<DoneTest>(done_.begin(), done_.end()),
            .epoch = epoch_,
            .ended = ended_,
            .order = order_};
}

void Client::set_submitted(bool submitted) {
    if (submitted != submitted_) ++epoch_;
    submitted_ = submitted;
}

void Client::say(Instant now, Effects& effects) {
    if (!submitted_) effects.send.push_back(submission());
    if (cancelled_) effects.send.push_back(Cancel{run_});
    effects.send.push_back(Follow{run_, have_, epoch_, lacking_});
    ask_why(now, effects);
    say_at_ = now + settings_.follow;
    unsaid_bytes_ = 0;
}

// Whoever has no worker of its own may wait for long, and its user should know for what.
void Client::ask_why(Instant now, Effects& effects) {
    if (!order_.stays || !submitted_ || !up_.empty()) {
        waits_since_.reset();
        return;
    }
    if (!waits_since_) {
        waits_since_ = now;
        ask_at_ = now + settings_.wait_asked;
    }
    if (now < ask_at_) return;
    ask_at_ = now + settings_.wait_asked;
    effects.send.push_back(Ask{++question_, Question::why, run_});
}

void Client::hear_why(Instant now, const Answer& answer, Effects& effects) {
    if (answer.number != question_ || !waits_since_ || answer.lines.empty() || now < tell_at_) {
        return;
    }
    const bool waits = answer.lines.front().find("waits for a slot") != std::string::npos;
    if (!waits || answer.lines.front() == told_) return;
    told_ = answer.lines.front();
    tell_at_ = now + settings_.wait_told;
    effects.notes = answer.lines;
}

Effects Client::receive(Instant now, const Message& message) {
    Effects effects;
    if (over_) return effects;
    heard_at_ = now;
    if (std::holds_alternative<Welcome>(message)) {
        say(now, effects);  // what was sent on an older connection may be lost
    } else if (const auto* progress = std::get_if<Progress>(&message)) {
        take(now, *progress, effects);
    } else if (const auto* answer = std::get_if<Answer>(&message)) {
        hear_why(now, *answer, effects);
    } else if (const auto* unknown = std::get_if<UnknownRun>(&message)) {
        if (unknown->run != run_ || unknown->epoch != epoch_ || !submitted_) return effects;
        if (attached_) {
            effects.trouble = "the broker does not know the run any more";
            over_ = true;
            return effects;
        }
        // It has lost its memory: it gets what is still open, and counts its events anew.
        set_submitted(false);
        have_ = 0;
        up_.clear();
        forget_held();
        say(now, effects);
    } else if (const auto* refusal = std::get_if<Refusal>(&message)) {
        effects.trouble = fmt::format("the broker refuses: {}", refusal->reason);
        over_ = true;
    }
    return effects;
}

void Client::take(Instant, const Progress& progress, Effects& effects) {
    if (progress.run != run_) return;
    set_submitted(true);
    const std::size_t old = already_recorded(have_, progress.first, progress.events.size());
    for (std::size_t i = old; i < progress.events.size() && !over_; ++i) {
        Event event = progress.events[i];
        ++have_;
        if (!is_new(event)) continue;
        if (const auto* up = std::get_if<WorkerUp>(&event)) {
            begun_ = true;
            up_.emplace(up->environment, up->worker);
        } else if (const auto* down = std::get_if<WorkerDown>(&event)) {
            up_.erase({down->environment, down->worker});
        }
        const auto* end = std::get_if<RunFinished>(&event);
        over_ = end != nullptr;
        if (over_ && may_be_retaken(end->end, end->code)) {
            unsent_ = *end;
            effects.unsent = true;
            break;
        }
        const auto* part = std::get_if<EnvironmentEnded>(&event);
        if (part != nullptr && may_be_retaken(part->end, part->code)) {
            held_.push_back(std::move(event));
            continue;
        }
        if (begun_ || over_) tell_held(effects);
        effects.events.push_back(std::move(event));
    }
    // So that the broker need not keep it, an archive goes on, and a broker that waits for us to
    // say so.
    unsaid_bytes_ += weight(progress.events);
    if (over_ || (attached_ && !progress.events.empty()) || unsaid_bytes_ >= batch_bytes) {
        unsaid_bytes_ = 0;
        effects.send.push_back(Follow{run_, have_, epoch_, lacking_});
    }
}

// A test keeps its first verdict, also when a broker without memory had it run again; nor are units
// named again, and their tests, that the one before had named.
bool Client::is_new(Event& event) {
    if (const auto* finished = std::get_if<TestFinished>(&event)) {
        return done_.insert({finished->unit, finished->test, apart(finished->environment)}).second;
    }
    if (const auto* loaded = std::get_if<UnitLoaded>(&event)) {
        return loaded_.emplace(apart(loaded->environment), loaded->unit).second;
    }
    if (auto* known = std::get_if<UnitsKnown>(&event)) {
        if (known->names.empty()) return true;
        const std::uint32_t where = apart(known->environment);
        std::erase_if(known->names,
                      [&](const auto& unit) { return !named_.emplace(where, unit).second; });
        known->units = static_cast<std::uint32_t>(known->names.size());
        return known->units > 0 || known->all;
    }
    if (const auto* ended = std::get_if<EnvironmentEnded>(&event)) {
        const bool again = std::ranges::any_of(ended_, [&](const EnvironmentEnded& other) {
            return other.environment == ended->environment;
        });
        if (!again) ended_.push_back(*ended);
        return !again;
    }
    if (const auto* warning = std::get_if<WarningSeen>(&event)) return warnings_.is_new(*warning);
    return true;
}

// A worker that cannot have the tree refuses its slots like that. Where another one has begun with
// it, the run cannot go on with other code.
bool Client::may_be_retaken(RunEnd end, int code) const {
    return end == RunEnd::refused && code == 3 && spec_.tree && !begun_ && !cancelled_ &&
           !attached_ && retakes_ < settings_.retakes_max;
}

Effects Client::retake(Instant now, std::string run, TreeSpec tree) {
    Effects effects;
    if (!unsent_) return effects;
    unsent_.reset();
    forget_held();
    ++retakes_;
    run_ = std::move(run);
    spec_.tree = std::move(tree);
    have_ = 0;
    submitted_ = false;
    epoch_ = 0;
    over_ = false;
    heard_at_ = now;
    say(now, effects);
    return effects;
}

Effects Client::settle() {
    Effects effects;
    if (!unsent_) return effects;
    tell_held(effects);
    effects.events.push_back(*std::exchange(unsent_, std::nullopt));
    return effects;
}

void Client::tell_held(Effects& effects) {
    std::ranges::move(held_, std::back_inserter(effects.events));
    held_.clear();
}

// Nobody has been told of them.
void Client::forget_held() {
    for (const Event& event : held_) std::erase(ended_, std::get<EnvironmentEnded>(event));
    held_.clear();
}

Effects Client::lacks(Instant now, std::uint32_t environment, std::string why) {
    Effects effects;
    // Kept also for a run that may be retaken: what is lacking is lacking for that one too.
    if (!lacking_.emplace(environment, std::move(why)).second || over_) return effects;
    say(now, effects);
    return effects;
}

// A broker that knows the run takes nothing else from a submission that comes again. One that does
// not know it yet gets both in turn.
Effects Client::changes(std::vector<std::string> paths) {
    Effects effects;
    if (over_ || cancelled_ || attached_ || paths.empty()) return effects;
    spec_.changed = std::move(paths);
    effects.send.push_back(submission());
    return effects;
}

Effects Client::cancel(Instant now) {
    Effects effects;
    if (over_ || cancelled_) return effects;
    cancelled_ = true;
    say(now, effects);
    return effects;
}

Effects Client::advance(Instant now) {
    Effects effects;
    if (over_ || now < say_at_) return effects;
    if (!heard_at_) heard_at_ = now;
    if (now >= *heard_at_ + settings_.broker_silence_max) {
        effects.trouble = fmt::format("the broker has not answered for {} s",
                                      settings_.broker_silence_max / std::chrono::seconds(1));
        over_ = true;
        return effects;
    }
    say(now, effects);
    return effects;
}

}  // namespace xgrid::client
