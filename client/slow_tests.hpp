// Which tests run now, and which of them have run for so long that the user should know.
// Owns no clock: it is told when things happen, and asked what to say.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class SlowTests {
public:
    void add(Instant now, const Event& event);

    /// What has become worth saying, each in a line without its end: first after a minute, then
    /// every five.
    std::vector<std::string> due(Instant now);

private:
    struct Running {
        std::string test;
        Instant since;
        Duration say_after;
    };

    std::map<std::string, Running> running_;  // by slot, which runs one at a time
    Instant next_ = never;                    // nothing is due before
};

}  // namespace xgrid::client
