// What is published, to whoever listens: names of topics, and what a publication is. Pure.
//
// A worker listens to two topics, its own and that of all workers with its labels. What is
// published there are orders like any others; those for all workers with some labels have no
// session, and say nothing but the specification of each run that is announced to them, every time.
// Numbers grow from one publication of a topic to the next. Any of them may be lost, come twice or
// too late, so nothing depends on them: a worker says which number it has heard last, and what it
// lacks is sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "shared/messages.hpp"

namespace xgrid {

/// Longer names are no topics.
constexpr std::size_t topic_bytes_max = 4096;

struct Publication {
    std::string topic;
    std::uint64_t number = 0;
    Message message;
};

// A topic is heard by all that listen to a beginning of its name: so none is the beginning of
// another, as long as nobody chooses it to be; who listens checks the whole name.

inline std::string topic_of_session(const std::string& session) { return "w/" + session + "/"; }

inline std::string topic_of_labels(const std::map<std::string, std::string>& labels) {
    std::string topic = "l/";
    for (const auto& [name, value] : labels) topic += name + "=" + value + "/";
    return topic + "/";
}

}  // namespace xgrid
