#include "tests/simulation/trace.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace xgrid::simulation {
namespace {

constexpr std::size_t items_shown = 8;

// A struct, so that each of them may use every other.
struct Words {
    template <class Items>
    static std::string list(const Items& items) {
        std::string text;
        std::size_t count = 0;
        for (const auto& item : items) {
            if (count++ == items_shown) break;
            text += (text.empty() ? "" : ", ") + of(item);
        }
        if (items.size() > items_shown) text += fmt::format(", +{}", items.size() - items_shown);
        return text;
    }

    // ---- Facts

    static std::string_view word(Outcome outcome) {
        static constexpr std::array words = {"passed",  "failed",  "error",
                                             "skipped", "xfailed", "xpassed"};
        return words.at(static_cast<std::size_t>(outcome));
    }

    static std::string of(std::uint32_t number) { return std::to_string(number); }
    static std::string of(AttemptId id) { return fmt::format("{}.{}", id.job, id.number); }
    static std::string of(const TestName& test) {
        return test.occurrence == 0 ? test.id : fmt::format("{}#{}", test.id, test.occurrence);
    }

    static std::string of(const SlotBegan&) { return "began"; }
    static std::string of(const UnitsNamed& fact) {
        return fmt::format("{} units", fact.units.size());
    }
    static std::string of(const TestsFound& fact) {
        return fmt::format("{} tests", fact.tests.size());
    }
    static std::string of(const Started& fact) { return fmt::format("{} starts", fact.test); }
    static std::string of(const Finished& fact) {
        return fmt::format("{} {}", fact.test, word(fact.result.outcome));
    }
    static std::string of(const GaveBack& fact) {
        return fmt::format("gave back (#{}) {{{}}}", fact.number, list(fact.tests));
    }
    static std::string of(const LateTeardown& fact) {
        return fmt::format("{} tore down late", of(fact.test));
    }
    static std::string of(const Ended& fact) {
        static constexpr std::array words = {"done",    "returned", "stopped", "crashed",
                                             "refused", "gone",     "lost"};
        return fmt::format("end: {}{}{}", words.at(static_cast<std::size_t>(fact.end)),
                           fact.text.empty() ? "" : ", ", fact.text);
    }

    // ---- Events

    static std::string of(const WorkerUp& event) { return event.worker + " up on " + event.host; }
    static std::string of(const WorkerDown& event) {
        return event.worker + " down" + (event.reason.empty() ? "" : ": " + event.reason);
    }
    static std::string of(const UnitsKnown& event) {
        return event.all ? "all units known" : fmt::format("{} units", event.units);
    }
    static std::string of(const UnitLoaded& event) {
        return fmt::format("{} has {} tests", event.unit, event.tests.size());
    }
    static std::string of(const TestStarted& event) {
        return fmt::format("{} starts {}", event.worker, of(event.test));
    }
    static std::string of(const TestFinished& event) {
        std::string text = fmt::format("{} {}", of(event.test), word(event.result.outcome));
        if (event.result.details && !event.result.details->phases.empty()) {
            const std::string& why = event.result.details->phases.front().message;
            if (!why.empty()) text += fmt::format(" ({})", why);
        }
        return text;
    }
    static std::string of(const TeardownFailed& event) {
        return fmt::format("{} tore down late", of(event.test));
    }
    static std::string of(const TestFailing& event) {
        return of(event.test) + (event.retried ? " has failed and runs again" : " is failing");
    }
    static std::string of(const NoteSeen& event) { return event.text; }
    static std::string of(const RunFinished& event) {
        static constexpr std::array words = {"completed", "stopped",   "exit asked",
                                             "refused",   "cancelled", "grid failed"};
        return fmt::format("run ends: {}{}{}", words.at(static_cast<std::size_t>(event.end)),
                           event.reason.empty() ? "" : ", ", event.reason);
    }

    // What the model never says.
    template <class T>
    static std::string of(const T&) {
        return "something else";
    }

    template <class... T>
    static std::string of(const std::variant<T...>& one) {
        return std::visit([](const auto& it) { return of(it); }, one);
    }

    // ---- Messages

    static std::string of(const AttemptStatus& about) {
        return fmt::format("{} [{}+{}: {}]", of(about.id), about.first, about.facts.size(),
                           list(about.facts));
    }

    static std::string of(const JobBody& body) {
        if (body.kind == JobKind::enumerate) return "list units";
        if (body.kind == JobKind::finish) return "finish";
        static constexpr std::array modes = {"", " only ", " except "};
        return body.unit + modes.at(static_cast<std::size_t>(body.selection.mode)) +
               list(body.selection.tests);
    }

    static std::string of(const AttemptOrders& order) {
        std::string text = fmt::format("{} on {}{}", of(order.id), order.slot,
                                       order.collected ? " (collects all)" : "");
        if (order.body) text += fmt::format(" {{{}}}", of(*order.body));
        text += fmt::format(" [{}]", order.recorded);
        if (order.give_back > 0) text += fmt::format(" keep {} (#{})", order.keep, order.give_back);
        return text;
    }

    static std::string of(const RunOrders& orders) {
        std::string slots;
        for (const std::string& slot : orders.slots) slots += (slots.empty() ? "" : " ") + slot;
        return fmt::format("{}{} ({})", orders.run, orders.spec ? " with spec" : "", slots);
    }

    // News first; of what is only still there, the name will do.
    static std::string of(const Status& status) {
        std::string text = fmt::format("status #{}", status.number);
        if (status.broker.empty()) text += " of no broker yet";
        std::string rest;
        for (const AttemptStatus& about : status.attempts) {
            if (about.facts.empty()) rest += " " + of(about.id);
            if (!about.facts.empty()) text += "; " + of(about);
        }
        return text + (rest.empty() ? "" : "; holds" + rest);
    }

    static std::string of(const Orders& orders) {
        std::string text = fmt::format("orders #{}", orders.number);
        for (const RunOrders& run : orders.runs) text += "; " + of(run);
        std::string rest;
        for (const AttemptOrders& about : orders.attempts) {
            const bool is_news = about.body || about.give_back > 0;
            if (is_news) text += "; " + of(about);
            if (!is_news) rest += fmt::format(" {}[{}]", of(about.id), about.recorded);
        }
        return text + (rest.empty() ? "" : "; keep" + rest);
    }

    static std::string of(const Progress& progress) {
        return fmt::format("progress {} [{}+{}{}{}]", progress.run, progress.first,
                           progress.events.size(), progress.events.empty() ? "" : ": ",
                           list(progress.events));
    }

    static std::string of(const Submit& submit) {
        return fmt::format("submit {}, {} tests done", submit.run, submit.done.size());
    }
    static std::string of(const Follow& follow) {
        return fmt::format("follow {}, have {}", follow.run, follow.have);
    }
    static std::string of(const Cancel& cancel) { return "cancel " + cancel.run; }
    static std::string of(const UnknownRun& unknown) { return unknown.run + " is unknown"; }
    static std::string of(const Welcome& welcome) { return "welcome to " + welcome.broker; }
    static std::string of(const Refusal& refusal) { return "refusal: " + refusal.reason; }
};

// ---- Plans

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string of(const Faults& faults) {
    std::string text;
    const auto share = [&](std::string_view name, double value) {
        if (value > 0) text += fmt::format(", {} {:g}", name, value);
    };
    const auto every = [&](std::string_view name, Duration value) {
        if (value.count() > 0) text += fmt::format(", {} every {:.3f} s", name, in_seconds(value));
    };
    share("loss", faults.loss);
    share("repeat", faults.repeat);
    every("reconnect", faults.reconnect_every);
    every("partition", faults.partition_every);
    every("worker restart", faults.worker_restart_every);
    every("worker leave", faults.worker_leave_every);
    every("broker restart", faults.broker_restart_every);
    every("interpreter death", faults.interpreter_death_every);
    share("start crash", faults.start_crash);
    share("crash between tests", faults.between_crash);
    share("slot that refuses", faults.refuses);
    share("slow slot", faults.slow_slot);
    share("slot that stays", faults.stays);
    return text;
}

}  // namespace

std::string describe(const Message& message) { return Words::of(message); }

std::string describe(const Plan& plan) {
    std::string text =
        fmt::format("{} workers of {} slots, delay to {:.1f} ms{}", plan.workers, plan.slots,
                    in_seconds(plan.faults.delay_most) * 1e3, of(plan.faults));
    text += fmt::format("; faults end at {:.4f} s", in_seconds(plan.faults.last));
    for (const RunPlan& run : plan.runs) {
        text += fmt::format("\n    a run of {} units, {} tests, {} slots", run.suite.units.size(),
                            run.suite.tests(), run.spec.slots);
        if (run.spec.failures_max > 0) text += fmt::format(", -x {}", run.spec.failures_max);
        if (run.spec.confirm) text += ", confirms";
        if (run.spec.retries > 0) text += fmt::format(", retries {}", run.spec.retries);
        if (run.spec.duplicate_tail) text += ", with copies";
        if (run.spec.collect_only) text += ", only collects";
        for (const std::string& argument : run.spec.arguments) text += ", " + argument;
        for (const std::string& unit : run.spec.collected_units) text += ", collects for " + unit;
        if (run.cancelled_at) {
            text += fmt::format(", cancelled at {:.4f} s", in_seconds(*run.cancelled_at));
        }
    }
    return text;
}

}  // namespace xgrid::simulation
