// What a broker's web page asks for: answers in JSON, and a run as it goes on. For threads of
// HTTP's; knows no HTTP.
//
//   /api/runs, /api/workers           as `xgrid runs --json` and `xgrid workers --json`
//   /api/overview                     as `xgrid status --json`
//   /api/why?run=RUN                  as `xgrid why --json`
//   /api/history?test=PART, /api/flakes   what is known of tests (shared/history_json.hpp);
//   &project= /api/events?run=RUN&from=NUMBER   a part of a run's events (broker/page_json.hpp)
//
// However many ask, the loop hears each question once a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "broker/desk.hpp"
#include "shared/instant.hpp"

namespace xgrid::broker {

struct Page {
    int status = 200;
    std::string type;
    std::string text;
};

/// Waits so long; false: the broker ends.
using Wait = std::function<bool(Duration)>;

/// A run's events as they come, as server-sent ones.
class RunStream {
public:
    RunStream(Desk& desk, std::string run, std::uint64_t from)
        : desk_(desk), run_(std::move(run)), from_(from) {}

    /// What is to be sent next; waits for it. None: that was all.
    std::optional<std::string> next(const Wait& wait);

private:
    Desk& desk_;
    std::string run_;
    std::uint64_t from_;
    bool ended_ = false;
};

class Pages {
public:
    explicit Pages(Desk& desk) : desk_(desk) {}

    /// None: there is no such page. `target` is all that was asked for.
    std::optional<Page> page(const std::string& path, const std::string& target, Instant now);
    /// The run that is named there is cancelled.
    Page cancel(const std::string& target);
    /// ... from the event with that number on.
    RunStream stream(const std::string& target, std::uint64_t from) const;

private:
    Page fresh(const std::string& path, const std::string& target);
    Page events(const std::string& target);
    std::optional<Answer> ask(Question question, const std::string& about = {},
                              const std::string& project = {});

    struct Kept {
        Instant until;
        Page page;
    };
    Desk& desk_;
    std::timed_mutex mutex_;
    std::map<std::string, Kept> kept_;  // by what was asked for
};

}  // namespace xgrid::broker
