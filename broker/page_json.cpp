#include "broker/page_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "shared/event_json.hpp"
#include "shared/outcome_words.hpp"
#include "shared/values.hpp"

namespace xgrid::broker {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// As the journal has them, unless it is damaged.
void unpack(EventsGiven& given) {
    if (given.kept.empty()) return;
    if (!from_bytes(given.kept, given.events)) given.events.clear();
    if (!from_bytes(given.kept_times, given.times)) given.times.clear();
}

std::string name_of(const EventsGiven& given, const Event& event) {
    return std::visit(
        [&](const auto& one) -> std::string {
            if constexpr (requires { one.environment; }) {
                if (one.environment < given.environments.size()) {
                    return given.environments[one.environment];
                }
            }
            return {};
        },
        event);
}

// Of each event, whether it only says that a test begins whose end is among them, too.
std::vector<bool> ended_starts(const std::vector<Event>& events) {
    using Name = std::tuple<std::uint32_t, std::string_view, std::string_view, std::uint32_t>;
    std::set<Name> ended;
    std::vector<bool> found(events.size());
    for (std::size_t place = events.size(); place > 0; --place) {
        const Event& event = events[place - 1];
        const auto name = [](const auto& one) {
            return Name{one.environment, one.unit, one.test.id, one.test.occurrence};
        };
        if (const auto* finished = std::get_if<TestFinished>(&event)) {
            ended.insert(name(*finished));
        } else if (const auto* started = std::get_if<TestStarted>(&event)) {
            found[place - 1] = ended.contains(name(*started));
        }
    }
    return found;
}

std::string json_of(const EventsGiven& given, std::size_t place) {
    const Event& event = given.events[place];
    std::optional<double> at;
    if (place < given.times.size()) at = given.times[place] / 1000.0;
    if (const auto* end = std::get_if<RunFinished>(&event)) {
        Json object = {{"event", "run_finished"},
                       {"end", end_word(end->end)},
                       {"exit_code", end->code},
                       {"reason", end->reason}};
        if (at) object["at"] = *at;
        return text_of(object);
    }
    const EventContext context{
        .environment = name_of(given, event), .tree = given.tree, .at = at, .whole = true};
    return event_json(event, context);
}

}  // namespace

RunPart run_part(EventsGiven given, std::uint64_t from) {
    unpack(given);
    const std::uint64_t end = given.first + given.events.size();
    const std::uint64_t first = std::clamp(from, given.first, end);
    RunPart part{.next = end, .events = end - first, .last = given.over && !given.more};
    part.json = text_of({{"run", given.run},
                         {"tree", given.tree},
                         {"environments", given.environments},
                         {"each", given.each},
                         {"first", first},
                         {"next", end},
                         {"over", given.over},
                         {"last", part.last}});
    const std::vector<bool> left_out = ended_starts(given.events);
    part.json.back() = ',';
    part.json += "\"events\":[";
    for (std::uint64_t number = first; number < end; ++number) {
        if (left_out[number - given.first]) continue;
        const std::string json = json_of(given, number - given.first);
        if (json.empty()) continue;
        if (part.json.back() != '[') part.json += ',';
        part.json += json;
    }
    part.json += "]}";
    return part;
}

std::string sent_event(std::uint64_t id, const std::string& json) {
    return "id: " + std::to_string(id) + "\ndata: " + json + "\n\n";
}

}  // namespace xgrid::broker
