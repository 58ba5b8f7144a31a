#include "broker/viewing.hpp"

#include <algorithm>
#include <utility>

#include "broker/archive.hpp"

namespace xgrid::broker {
namespace {

// Copied in one go, or a little more.
constexpr std::size_t given_bytes = std::size_t{256} * 1024;

void tell_spec(const RunSpec& spec, EventsGiven& given) {
    for (const Environment& one : spec.environments) given.environments.push_back(one.name);
    // As reports call what nobody has asked for in any particular way.
    if (given.environments.empty()) given.environments.emplace_back();
    std::string& first = given.environments.front();
    if (given.environments.size() == 1 && (first.empty() || first == "popen")) first = "local";
    given.each = spec.each;
    if (spec.tree) given.tree = spec.tree->id.hex();
}

}  // namespace

EventsGiven events_for(const Broker& core, Journal* journal, const EventsAsked& asked) {
    EventsGiven given;
    if (const Submission* run = core.find_beginning(asked.run)) {
        const Events& events = run->events();
        given.run = run->id();
        tell_spec(run->spec(), given);
        given.first = std::clamp(asked.from, events.first(), events.size());
        given.events = events.next(given.first, given_bytes);
        const std::uint64_t end = given.first + given.events.size();
        for (std::uint64_t i = given.first; i < end; ++i) given.times.push_back(events.at(i));
        given.over = run->over();
        given.more = end < events.size();
        return given;
    }
    const RunOver* over = journal == nullptr ? nullptr : journal->find_facts(asked.run);
    if (over == nullptr) return given;
    given.run = over->summary.run;
    tell_spec(over->spec, given);
    given.over = true;
    Journal::Kept kept = journal->events_at(over->number, asked.from);
    given.first = kept.first;
    given.kept = std::move(kept.events);
    given.kept_times = std::move(kept.at);
    given.more = kept.more;
    return given;
}

Answer answer_for(Instant now, std::chrono::seconds wall, const Broker& core, Journal* journal,
                  const Ask& ask) {
    if (ask.question == Question::why && journal != nullptr &&
        core.find_beginning(ask.about) == nullptr) {
        const RunOver* over = journal->find_facts(ask.about);
        std::optional<Message> message;
        if (over != nullptr) message = answer_for(*over, ask);
        if (message) return std::get<Answer>(*std::move(message));
    }
    Answer answer = core.ask(now, ask);
    if (ask.question == Question::runs && journal != nullptr) {
        add_over(answer, journal->summaries(wall));
    }
    return answer;
}

}  // namespace xgrid::broker
