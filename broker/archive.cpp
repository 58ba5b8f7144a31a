#include "broker/archive.hpp"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "broker/waits.hpp"
#include "shared/codec.hpp"
#include "shared/weight.hpp"

namespace xgrid::broker {

const std::string* run_asked_for(const Message& message) {
    return std::visit(
        [](const auto& one) -> const std::string* {
            using Kind = std::decay_t<decltype(one)>;
            constexpr bool asks = std::is_same_v<Kind, Submit> || std::is_same_v<Kind, Follow> ||
                                  std::is_same_v<Kind, Cancel> || std::is_same_v<Kind, Attach>;
            if constexpr (std::is_same_v<Kind, Ask>) {
                return one.question == Question::why ? &one.about : nullptr;
            } else if constexpr (asks) {
                return &one.run;
            } else {
                return nullptr;
            }
        },
        message);
}

void add_over(Answer& answer, std::vector<RunSummary> over) {
    for (RunSummary& summary : over) {
        const bool is_there = std::ranges::any_of(
            answer.runs, [&](const RunSummary& other) { return other.run == summary.run; });
        if (!is_there) answer.runs.push_back(std::move(summary));
    }
}

std::optional<Message> answer_for(const RunOver& run, const Message& message) {
    if (const auto* attach = std::get_if<Attach>(&message)) {
        return Attached{attach->run, run.summary.run, run.epoch, run.spec, run.summary.order};
    }
    if (const auto* ask = std::get_if<Ask>(&message)) {
        return Answer{
            .number = ask->number, .runs = {run.summary}, .lines = {is_over(run.summary.run)}};
    }
    const auto* follow = std::get_if<Follow>(&message);
    if (follow == nullptr || follow->epoch < run.epoch) return std::nullopt;
    Progress progress{
        run.summary.run, std::min<std::uint64_t>(follow->have, run.events.size()), {}};
    std::size_t bytes = 0;
    for (std::size_t i = progress.first; i < run.events.size() && bytes < batch_bytes; ++i) {
        bytes += weight(run.events[i]);
        progress.events.push_back(run.events[i]);
    }
    return progress;
}

}  // namespace xgrid::broker
