#include "worker/frameworks/native/learnt.hpp"

#include <cmath>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "shared/cache_home.hpp"

namespace xgrid::worker::native {
namespace {

using nlohmann::json;

constexpr double seconds_most = 1e5;

double seconds_from(const json& value) {
    const double seconds = value.get<double>();
    return seconds >= 0 && seconds < seconds_most ? seconds : 0;
}

}  // namespace

Known Learnt::read(const std::string& fingerprint) const {
    if (folder_.empty() || fingerprint.empty()) return {};
    try {
        std::ifstream file(folder_ / (fingerprint + ".json"));
        const json value = json::parse(file);
        return {.kind = value.at("kind"),
                .costs = {.start_seconds = seconds_from(value.at("start")),
                          .test_seconds = seconds_from(value.at("test"))}};
    } catch (const std::exception&) {
        return {};  // not there, or not ours
    }
}

void Learnt::keep(const std::string& fingerprint, const Known& known) const {
    if (folder_.empty() || fingerprint.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    const std::filesystem::path path = folder_ / (fingerprint + ".json");
    const std::filesystem::path draft = path.string() + "." + std::to_string(getpid());
    {
        std::ofstream file(draft);
        file << json{{"kind", known.kind},
                     {"start", known.costs.start_seconds},
                     {"test", known.costs.test_seconds}};
    }
    std::filesystem::rename(draft, path, error);
    if (error) std::filesystem::remove(draft, error);
}

Learnt own_learnt() {
    const std::filesystem::path home = cache_home();
    return Learnt(home.empty() ? home : home / "programs");
}

}  // namespace xgrid::worker::native
