#include "client/commands.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "client/answer_text.hpp"
#include "client/chosen.hpp"
#include "client/history_command.hpp"
#include "client/inquiry.hpp"
#include "client/loop.hpp"
#include "client/order.hpp"
#include "client/quarantine_settings.hpp"
#include "client/repeating.hpp"
#include "client/reports.hpp"
#include "client/run_id.hpp"
#include "client/watch_command.hpp"
#include "shared/answer_json.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

template <class T>
void show(const T& what, bool json) {
    fmt::print("{}", json ? json_of(what) : text_of(what, shown_columns()));
}

int show_status(Inquiry& broker, bool json) {
    Overview overview{.broker = broker.endpoint(),
                      .version = broker.broker().version,
                      .runs = broker.ask(Question::runs).runs,
                      .workers = broker.ask(Question::workers).workers,
                      .wanted = broker.ask(Question::wanted).wanted};
    for (const std::string& run : waiting_runs(overview.runs)) {
        overview.why[run] = broker.ask(Question::why, run).lines;
    }
    show(overview, json);
    return 0;
}

int show_why(Inquiry& broker, const Command& command) {
    const Answer answer = broker.ask(Question::why, command.about);
    if (command.json) {
        ensure(!answer.runs.empty(), "the run that was asked about is among what is told of it");
        fmt::print("{}", json_of(answer.runs.front(), answer.lines));
    } else {
        for (const std::string& line : answer.lines) fmt::print("{}\n", line);
    }
    return 0;
}

RunSummary summary_of(Inquiry& broker, const std::string& run) {
    const Answer answer = broker.ask(Question::why, run);
    return answer.runs.empty() ? RunSummary{.run = run} : answer.runs.front();
}

int cancel(Inquiry& broker, const Command& command) {
    const Attached run = broker.attach(command.about);
    const bool was_over = summary_of(broker, run.run).state == RunState::over;
    if (!was_over) broker.follow(run, true, [](const Event&) {});
    const RunSummary summary = summary_of(broker, run.run);
    if (command.json) {
        fmt::print("{}", json_of(summary, {}));
    } else {
        const std::string counts = counts_of(summary);
        fmt::print("run {} {}{}\n", short_id(run.run), was_over ? "was over" : "is over",
                   counts.empty() ? "" : ": " + counts);
    }
    return 0;
}

// With the options of that run, as they go for showing it here.
Options options_for(const Command& command, const Attached& run) {
    Options options = command.options;
    options.spec = run.spec;
    options.spec.coloured = wants_colour(options);
    options.display.collect_only = run.spec.collect_only;
    if (run.spec.tree) {
        const auto root = run.spec.tree->places.find("");
        if (root != run.spec.tree->places.end()) options.sync.root = root->second;
    }
    return options;
}

int attach(Inquiry& broker, const Command& command) {
    const Attached run = broker.attach(command.about);
    Options options = options_for(command, run);
    options.attached = run;
    return client::run(options);
}

std::vector<std::string> failed_tests(Inquiry& broker, const Attached& run) {
    if (summary_of(broker, run.run).state != RunState::over) {
        throw Fatal(
            fmt::format("run {0} is not over: xgrid attach {0} shows it", short_id(run.run)), 4);
    }
    Repeating failing;
    broker.follow(run, false, [&](const Event& event) { failing.add(event); });
    failing.end();
    return failing.failing();
}

int rerun(Inquiry& broker, const Command& command) {
    const Attached run = broker.attach(command.about);
    Options options = options_for(command, run);
    if (command.failed) {
        const std::vector<std::string> tests = failed_tests(broker, run);
        if (tests.empty()) {
            fmt::print("no test of run {} failed\n", short_id(run.run));
            return 0;
        }
        choose(options.spec, tests);
    }
    options.warnings = drop_expired(options.spec.quarantines, today());
    if (options.spec.testrun_uid == run.run) options.spec.testrun_uid.clear();
    options.kept = options.spec.tree.has_value();
    options.order = run.order;
    options.order.user = user_name();
    options.order.host = host_name();
    options.order.interactive = is_watched();
    options.order.stays = true;
    return client::run(options);
}

}  // namespace

int run_command(const Command& command) {
    if (command.kind == CommandKind::history || command.kind == CommandKind::flakes) {
        return show_history(command);
    }
    if (command.stays && (command.json || can_draw())) return watch(command);
    Inquiry broker(command.options.broker, command.options.credentials);
    switch (command.kind) {
        case CommandKind::status:
        case CommandKind::watch: return show_status(broker, command.json);
        case CommandKind::runs: show(broker.ask(Question::runs).runs, command.json); return 0;
        case CommandKind::workers:
            show(broker.ask(Question::workers).workers, command.json);
            return 0;
        case CommandKind::why: return show_why(broker, command);
        case CommandKind::attach: return attach(broker, command);
        case CommandKind::cancel: return cancel(broker, command);
        case CommandKind::rerun: return rerun(broker, command);
        case CommandKind::history:
        case CommandKind::flakes: break;
    }
    return 0;
}

}  // namespace xgrid::client
