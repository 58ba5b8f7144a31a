#include "shared/notices.hpp"

#include <array>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <exception>
#include <nlohmann/json.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace xgrid {

std::string notice_json(const std::string& part, Level level, const std::string& text,
                        std::chrono::milliseconds since_1970) {
    static constexpr std::array levels = {"info", "warning", "error"};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_1970);
    const std::tm day = fmt::gmtime(static_cast<std::time_t>(seconds.count()));
    const nlohmann::ordered_json object = {
        {"time", fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", day, (since_1970 - seconds).count())},
        {"level", levels.at(static_cast<std::size_t>(level))},
        {"part", part},
        {"message", text}};
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void Notices::say(Level level, const std::string& text) const {
    try {
        if (!json_) return fmt::print(stderr, "xgrid {}: {}\n", part_, text);
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(now);
        fmt::print(stderr, "{}", notice_json(part_, level, text, time));
    } catch (const std::exception&) {
        return;
    }
}

}  // namespace xgrid
