// What a program that serves says to those who run it: a line on stderr for each thing, as text or,
// for programs that gather logs, as a JSON object.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "shared/ensure.hpp"

namespace xgrid {

enum class Level : std::uint8_t { info, warning, error };

class Notices {
public:
    /// `part` is what of xgrid it is: "broker".
    explicit Notices(std::string part, bool json = false) : part_(std::move(part)), json_(json) {}

    /// Whoever reads it may be gone: then it is lost.
    void say(Level level, const std::string& text) const;
    void say(const std::string& text) const { say(Level::info, text); }

    bool json() const { return json_; }

private:
    std::string part_;
    bool json_;
};

/// What only a person can help with is told as all the rest is, if that is JSON.
template <class Run>
int run_told(const Notices& notices, Run run) {
    try {
        return run();
    } catch (const Fatal& error) {
        if (!notices.json()) throw;
        notices.say(Level::error, error.what());
        return error.exit_code;
    }
}

/// With its end: time (of day, in UTC), level, part and message.
std::string notice_json(const std::string& part, Level level, const std::string& text,
                        std::chrono::milliseconds since_1970);

}  // namespace xgrid
