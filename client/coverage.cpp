#include "client/coverage.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace xgrid::client {

using Json = nlohmann::ordered_json;

void Coverage::add(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        const std::map<std::string, std::string>& settings = up->facts.settings;
        const auto options = settings.find("coverage");
        if (options == settings.end()) return;
        const bool here = settings.contains("coverage_here");
        // Relative to where the user is, which only slots of this machine know.
        if (options_.empty() || (here && interpreter_.empty())) options_ = options->second;
        if (here && interpreter_.empty()) interpreter_ = up->facts.executable;
        slots_.push_back({up->worker, up->environment, up->facts.platform, ""});
    } else if (const auto* down = std::get_if<WorkerDown>(&event)) {
        const auto slot = std::ranges::find_if(slots_, [&](const Slot& one) {
            return one.name == down->worker && one.environment == down->environment;
        });
        if (slot != slots_.end()) slot->output = down->output;
    } else if (const auto* finished = std::get_if<RunFinished>(&event)) {
        end_ = finished->end;
    }
}

std::optional<CoverageTask> Coverage::task(
    const std::vector<std::pair<std::string, std::string>>& moved, std::uint64_t failed,
    std::chrono::milliseconds since_begin) const {
    const bool came_to_something =
        end_ == RunEnd::completed || end_ == RunEnd::stopped || end_ == RunEnd::exit_asked;
    if (options_.empty() || !came_to_something) return std::nullopt;
    const Json options = Json::parse(options_, nullptr, false);
    if (!options.is_object()) return std::nullopt;  // a test has written to a slot's socket, say
    Json slots = Json::array();
    for (const Slot& slot : slots_) {
        slots.push_back(
            {{"name", slot.name}, {"platform", slot.platform}, {"output", slot.output}});
    }
    const Json request = {
        {"options", options},
        {"slots", slots},
        {"moved", moved},
        {"failed", failed},
        {"seconds", std::chrono::duration<double>(since_begin).count()},
        {"coloured", settings_.coloured},
        {"distributed", settings_.distributed},
    };
    return CoverageTask{.interpreter = interpreter_.empty() ? settings_.interpreter : interpreter_,
                        .request = request.dump(-1, ' ', true, Json::error_handler_t::replace)};
}

}  // namespace xgrid::client
