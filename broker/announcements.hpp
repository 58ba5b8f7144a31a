// Which topics are listened to, and which runs have been announced on each. Knows nothing of who
// listens, nor of what is published.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace xgrid::broker {

class Announcements {
public:
    /// Beyond a number that no grid needs, topics count as not listened to.
    void subscribe(const std::string& topic);
    void unsubscribe(const std::string& topic) { listened_.erase(topic); }
    bool listened(const std::string& topic) const { return listened_.contains(topic); }

    /// Publications have higher numbers than that one.
    void begin_with(std::uint64_t number) { last_ = number; }
    /// For the next publication, of whatever topic.
    std::uint64_t next_number() { return ++last_; }

    /// True if the run was not announced there before: it is now, by the next publication there,
    /// which has number().
    bool announce(const std::string& topic, const std::string& run);
    /// In which publication of the topic the run was announced first; 0: in none.
    std::uint64_t announced(const std::string& topic, const std::string& run) const;
    /// Of the last publication there; 0: there was none, or none that still matters.
    std::uint64_t number(const std::string& topic) const;
    std::set<std::string> runs(const std::string& topic) const;
    /// The run is over.
    void forget(const std::string& run);

private:
    struct Topic {
        std::uint64_t number = 0;
        std::map<std::string, std::uint64_t> runs;  // in which publication each was the first time
    };
    std::set<std::string> listened_;
    std::map<std::string, Topic> topics_;  // those where runs that go on are announced
    std::uint64_t last_ = 0;
};

}  // namespace xgrid::broker
