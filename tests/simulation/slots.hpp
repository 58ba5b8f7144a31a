// The slots of one simulated worker: does what worker/slots and the runner in its interpreters do,
// on virtual time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/clockwork.hpp"
#include "tests/simulation/demands.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/judges.hpp"
#include "tests/simulation/random.hpp"
#include "tests/simulation/suite.hpp"
#include "worker/worker.hpp"

namespace xgrid::simulation {

class ModelSlots : public std::enable_shared_from_this<ModelSlots> {
public:
    using Report = std::function<void(worker::SlotKey, worker::SlotReport)>;

    ModelSlots(Clockwork& clock, Random& random, const Faults& faults, const Suite& suite,
               Judges& judges, Running& running, Report report)
        : clock_(clock),
          random_(random),
          faults_(faults),
          suite_(suite),
          judges_(judges),
          running_(running),
          report_(std::move(report)) {}

    /// `broker` is the one whose orders made the command.
    void perform(const worker::Command& command, const std::string& broker);
    /// The host is gone, and all of them with it; nothing more is reported.
    void die();
    std::size_t alive() const { return slots_.size(); }
    /// All of them are gone with the interpreter that they were forked from.
    void lose_all();

private:
    struct Order {
        AttemptId attempt;
        JobBody body;
    };
    // A test whose teardown is still to go wrong.
    struct Late {
        TestName test;
        AttemptId attempt;
        double stamp = 0;
    };
    struct Slot {
        std::string name;
        std::string run;
        std::uint32_t environment = 0;
        bool only_collects = false;  // runs no test
        std::uint64_t number = 0;    // among all slots that ever were
        Grouping grouping = Grouping::none;
        std::optional<std::int32_t> refuses;  // to begin, with that code
        std::vector<Late> late;
        bool ending = false;  // finished, or told to end
        std::string broker;   // whose attempts it holds
        bool busy = true;     // starting, or at a job
        bool loaded = false;
        bool collects = false;   // everything, before its first unit
        bool collected = false;  // so that no unit is imported alone
        bool stays = false;      // when it has finished
        double slowness = 1;
        std::deque<Order> orders;
        std::vector<worker::AskBack> asks;
        // The unit job that runs.
        AttemptId attempt;
        const ModelUnit* unit = nullptr;
        RunSpec spec;
        Select chosen = Select::all;
        std::vector<const ModelTest*> selected;
        std::deque<std::uint32_t> waiting;
        const ModelTest* hanging = nullptr;
    };

    void later(worker::SlotKey key, Duration delay, void (ModelSlots::*what)(worker::SlotKey));
    void say(worker::SlotKey key, AttemptId attempt, Fact fact);
    void exit(worker::SlotKey key, const std::string& how, bool clean = false);
    void refuse(worker::SlotKey key);
    void tear_down_late(worker::SlotKey key, AttemptId attempt);
    void begin(worker::SlotKey key);
    void next_order(worker::SlotKey key);
    void enumerate(worker::SlotKey key, const Order& order);
    void load(worker::SlotKey key);
    void unload(Slot& slot);
    Duration collecting_takes() const;
    void keep_own_groups(worker::SlotKey key, const TestsFound& found);
    void next_test(worker::SlotKey key);
    void answer_asks(worker::SlotKey key);
    Slot* find(worker::SlotKey key);

    Clockwork& clock_;
    Random& random_;
    const Faults& faults_;
    const Suite& suite_;
    Judges& judges_;
    Running& running_;
    Report report_;
    bool dead_ = false;
    std::map<worker::SlotKey, Slot> slots_;
};

}  // namespace xgrid::simulation
