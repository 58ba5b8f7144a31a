#include "broker/announcements.hpp"

#include "shared/topics.hpp"

namespace xgrid::broker {
namespace {

constexpr std::size_t topics_max = 200'000;

}  // namespace

void Announcements::subscribe(const std::string& topic) {
    if (topic.size() > topic_bytes_max || listened_.size() >= topics_max) return;
    listened_.insert(topic);
}

bool Announcements::announce(const std::string& topic, const std::string& run) {
    Topic& there = topics_[topic];
    if (there.runs.contains(run)) return false;
    there.number = next_number();
    there.runs.emplace(run, there.number);
    return true;
}

std::uint64_t Announcements::announced(const std::string& topic, const std::string& run) const {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return 0;
    const auto first = found->second.runs.find(run);
    return first == found->second.runs.end() ? 0 : first->second;
}

std::uint64_t Announcements::number(const std::string& topic) const {
    const auto found = topics_.find(topic);
    return found == topics_.end() ? 0 : found->second.number;
}

std::set<std::string> Announcements::runs(const std::string& topic) const {
    std::set<std::string> runs;
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return runs;
    for (const auto& [run, number] : found->second.runs) runs.insert(run);
    return runs;
}

void Announcements::forget(const std::string& run) {
    for (auto& [name, topic] : topics_) topic.runs.erase(run);
    std::erase_if(topics_, [](const auto& entry) { return entry.second.runs.empty(); });
}

}  // namespace xgrid::broker
