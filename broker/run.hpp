// One run, from its submission to its end: its open jobs, the slots that hold them, and what there
// is to tell the client. Decides what a fact means, and which job goes to which of its slots. Knows
// nothing of messages, peers, or other runs. A run of each environment is one of these for each
// (broker/submission.hpp): its lanes.
//
//   enumerate -> unit jobs -> (given back, lost: new jobs) -> no job open -> a finish job per slot
//   -> over
//
// At most one slot of an environment collects everything before its first job: for units that are
// known to need it, and to confirm failures, which are held back until then. A failure is confirmed
// where it was.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/confirmation.hpp"
#include "broker/groups.hpp"
#include "broker/job.hpp"
#include "broker/kept_slots.hpp"
#include "broker/needy_jobs.hpp"
#include "broker/outlook.hpp"
#include "broker/resources.hpp"
#include "broker/retries.hpp"
#include "broker/settings.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::broker {

/// Runs in one of the run's environments alone, whose slots keep the numbers that they have among
/// all.
struct Lane {
    std::uint32_t environment = 0;
    SlotKey* next_slot = nullptr;  // for those that come in the place of others, of all lanes
    std::shared_ptr<Resources> resources;  // of all lanes
};

class Run {
public:
    /// `next_job` numbers jobs and is the broker's, so that no two runs use a number twice.
    Run(std::string id, RunSpec spec, std::vector<DoneTest> done, std::uint64_t& next_job,
        const Settings& settings, std::optional<Lane> lane = std::nullopt);

    // ---- What is

    const std::string& id() const { return id_; }
    const RunSpec& spec() const { return spec_; }
    bool over() const { return over_; }
    std::size_t live_slots() const { return slots_.size(); }
    const std::map<SlotKey, Slot>& slots() const { return slots_; }
    const std::map<std::uint64_t, Job>& jobs() const { return jobs_; }
    const std::deque<std::uint64_t>& waiting() const { return waiting_; }
    /// Those that wait with their groups.
    const Groups& groups() const { return groups_; }
    /// For any slot that has collected everything.
    const std::deque<std::uint64_t>& waiting_collected() const { return waiting_collected_; }
    /// For the one of that environment.
    const std::deque<std::uint64_t>& waiting_collected_in(std::uint32_t environment) const {
        return places_.at(environment).waiting_collected;
    }
    /// Tests that are to run again.
    const std::deque<std::uint64_t>& waiting_again() const { return waiting_again_; }
    const Job* find(std::uint64_t job) const;
    /// Slots that get no further jobs, but to finish.
    const std::set<SlotKey>& retiring() const { return retiring_; }
    /// As users know the slot: gw0, or what they call it.
    std::string name_of(SlotKey key) const;
    /// Its slots on that worker.
    const std::set<SlotKey>& slots_on(WorkerKey worker) const;
    /// How it is to end, or has ended; none: it goes on.
    const std::optional<RunFinished>& end() const { return end_; }
    std::uint32_t failures() const { return failures_; }
    std::uint32_t crashes() const { return crashes_; }
    const Resources& resources() const { return *resources_; }
    /// Those that wait with needs of their own.
    const NeedyJobs& needy() const { return needy_; }
    const KeptSlots& kept() const { return kept_; }

    /// How many more slots it could use now; ... of that environment.
    std::size_t slots_wanted() const;
    std::size_t slots_wanted_in(std::uint32_t environment) const;
    const std::vector<Environment>& environments() const { return environments_; }
    /// How many more slots that environment may have, whether they are wanted or not.
    std::uint32_t room_in(std::uint32_t environment) const;
    /// How many more slots a unit waits for on the worker that kept() names, beside all others.
    std::size_t wanted_there() const;
    /// That unit is to hear by schedule() how many more can be had there.
    bool awaits_answer() const;
    /// Units that lack nothing but these locks of the grid, and could begin in a slot at once.
    std::vector<std::vector<std::string>> lock_wishes() const;
    /// The worker where a test has failed that is to run again: the next slot is better not there.
    /// None: it does not matter where.
    std::optional<WorkerKey> avoided() const;
    /// When advance() has something to do.
    Instant next_deadline() const;

    /// Before its units are named. False: it keeps to the order in which they are.
    bool expect(std::vector<ExpectedUnit> units);

    // ---- What happened

    /// A slot's jobs end in their order: what a later one tells counts when those before it have
    /// ended, unless that was given back without being begun.
    bool is_due(AttemptId id, const Fact& fact) const;
    /// A fact of the current attempt of that job, the next in its log.
    void record(Instant now, AttemptId id, const Fact& fact, const std::string& host);
    /// The worker is gone, and nobody is to blame.
    void lose_worker(Instant now, WorkerKey worker, const std::string& why);
    void cancel(Instant now);
    void fail(Instant now, const std::string& reason);
    /// It ends like that, unless it ends already for a reason that goes before.
    void stop(Instant now, RunFinished end);
    /// The environment cannot be had, or not any more, which is no job's doing: its jobs go to the
    /// others. Without others the run ends like the first one did.
    void withdraw(Instant now, std::uint32_t environment, RunFinished why);

    // ---- What is to be done

    /// Starts a new slot there; the next schedule() hands it a job. `size`: how many the worker has
    /// in all; 0: that is not known.
    void add_slot(WorkerKey worker, std::uint32_t environment = 0, std::uint32_t size = 0);
    /// Locks of the grid, for as long as its units have them. The next schedule() uses them.
    void grant(const std::vector<std::string>& locks);
    /// Frees that slot for another run, as soon as the test that runs there is done, or what has to
    /// stay together with it. False if that changes nothing.
    bool retire(SlotKey slot);
    /// Hands jobs to slots; asks busy ones to give back while `places` more could start elsewhere,
    /// and `there` more where a unit waits for them. `elsewhere`: so many could start on other
    /// workers than the avoided one.
    void schedule(Instant now, std::size_t places, std::size_t there = 0,
                  std::size_t elsewhere = 0);
    void advance(Instant now);

    /// Workers whose orders have changed since this was last asked.
    std::set<WorkerKey> take_changed() { return std::exchange(changed_, {}); }
    /// What has happened since, for the client.
    std::vector<Event> take_events() { return std::exchange(events_, {}); }
    /// How long it took, since, until there was a sign of jobs that went to slots without any.
    std::vector<Duration> take_waits() { return std::exchange(waits_, {}); }

private:
    struct Place {
        std::uint32_t slots = 0;  // that live
        std::uint32_t used = 0;   // numbers of those that are its own
        SlotKey first = 0;
        bool served = true;                           // slots may be had there
        std::optional<SlotKey> collected;             // the slot that has collected everything
        std::deque<std::uint64_t> waiting_collected;  // for that one
    };
    std::size_t room() const;
    std::size_t takers() const;
    bool collects_somewhere() const;
    bool needs_collecting(const Place& place) const;
    bool collected_jobs_wait() const;
    std::vector<std::uint64_t> take_waiting_collected();
    std::uint32_t environment_at_end() const { return lane_ ? lane_->environment : 0; }
    std::uint32_t environment_of(const Job& job) const;

    Job& job(std::uint64_t id) { return jobs_.at(id); }
    Slot& slot(SlotKey key) { return slots_.at(key); }

    void index(SlotKey key);
    void reindex(SlotKey key);
    std::uint64_t add_job(JobBody body, std::uint32_t losses, Purpose purpose = Purpose::test);
    void add_unit_jobs(const Job& like, std::vector<TestName> tests, std::size_t pieces,
                       std::uint32_t losses, const std::string& group);
    void add_unit_jobs(const Job& like, const std::vector<std::uint32_t>& tests, std::size_t pieces,
                       std::uint32_t losses);
    std::string group_of(const Job& job, std::uint32_t test) const;
    void add_piece(const Job& like, std::vector<TestName> tests, std::uint32_t losses,
                   const std::string& group);
    void wait_for_slot(const Job& job);
    void enqueue(const Job& job);
    std::deque<std::uint64_t>& queue_for(const Job& job);
    JobBody whole(const std::string& unit) const;
    void hand_out(Instant now, std::uint64_t job, SlotKey slot);
    void take_from_slot(const Job& job);
    void drop_job(std::uint64_t id);
    void drop_slot(SlotKey key, const std::string& reason, const std::string& output = {});
    void lose_slot(Instant now, SlotKey key, const std::string& why);

    void take(Instant now, Job& about, const SlotBegan& fact, const std::string& host);
    void take(Instant now, Job& about, const TreeReady& fact, const std::string& host);
    void take(Instant now, Job& about, const UnitsNamed& fact);
    void take(Instant now, Job& about, const TestsFound& fact);
    void take(Instant now, Job& about, const Started& fact);
    void take(Instant now, Job& about, const Finished& fact);
    void take(Instant now, Job& about, const GaveBack& fact);
    void take(Instant now, Job& about, const LateTeardown& fact);
    void take(Instant now, Job& about, const LateProperties& fact);
    void take(Instant now, Job& about, const Warned& fact);
    void take(Instant now, Job& about, const Noted& fact);
    void take(Instant now, Job& about, const Printed& fact);
    void take(Instant now, Job& about, const ExitAsked& fact);
    void take(Instant now, Job& about, const Ended& fact);

    void loaded(Instant now, Job& about);
    TestFinished result_of(const Job& about, const TestName& test, TestResult result) const;
    void verdict(Instant now, TestFinished finished);
    void tear_down(Instant now, TeardownFailed late);
    /// Of who made no result.
    struct Blame {
        Outcome outcome = Outcome::failed;
        std::string when;
        std::string message;
        bool crashed = false;
    };
    TestFinished blamed(const Job& about, const TestName& test, const Blame& why) const;
    void count_failure(Instant now);
    void refused(Instant now, const Job& about, const Ended& fact);
    void crashed(Instant now, Job& about, const Ended& fact);
    void taken_away(Instant now, Job& about, const Ended& fact);
    void ended(Instant now, Job& about, const Ended& fact);
    void ended_unit(Instant now, Job& about, const Ended& fact);
    void requeue(Instant now, Job& about, bool lost, const std::string& why);
    void requeue_whole(Instant now, Job& about, const std::string& given_up);
    void requeue_rest(Instant now, Job& about, bool lost, const std::string& given_up);
    void give_up(Instant now, const Job& about, const std::vector<TestName>& tests,
                 const std::string& why);

    void conclude(Instant now, Job& about, TestFinished finished);
    void run_again(Instant now, const Job& about, TestFinished finished);
    void stand(Instant now, const std::string& unit, const TestName& test);
    void end_retries(Instant now);
    void ended_again(Instant now, Job& about, const Ended& fact);
    /// Slots that have room for one that is to run again.
    struct Choice {
        std::optional<SlotKey> elsewhere;  // on another worker
        std::optional<SlotKey> beside;     // another one of the worker
        std::optional<SlotKey> same;
        std::optional<SlotKey> any() const {
            return elsewhere ? elsewhere : beside ? beside : same;
        }
    };
    Choice choose(const std::set<SlotKey>& among, const Again& again, bool like) const;
    bool stays(SlotKey key) const;
    bool is_like(SlotKey key, const Again& again) const;
    bool lives_elsewhere(const Again& again) const;
    bool lives_beside(const Again& again) const;
    std::optional<SlotKey> slot_for(Instant now, const Again& again, std::size_t places,
                                    std::size_t elsewhere);
    bool may_run_again_now() const;
    void hand_out_again(Instant now, std::size_t places, std::size_t elsewhere);
    bool would_move(Instant now, const Again& again);

    bool may_be_copied(const Job& held) const;
    void begin_copies(Instant now);
    void end_copy(Instant now, Job& about);
    void drop_copy(Job& copy);
    void copy_ended(Instant now, Job& copy, const Ended& fact);
    void leave_to_copy(Job& about, bool lost);

    bool is_doubtful(const Job& about, const TestResult& result) const;
    void hold(Instant now, TestFinished failure);
    void settle(Instant now, TestFinished second);
    void tell(Instant now, Confirmation::Failure failure);
    void load_after_all(const Job& about, const Ended& fact);
    void release(Instant now, const Job& about, const std::vector<TestName>& tests);
    void reopen(Instant now, const Job& about, bool lost, const std::string& why);
    void end_confirmation(Instant now, const std::string& why);
    void collect_no_more(Instant now, const std::string& why);
    void add_confirming_jobs(bool slots_to_spare);
    void hand_out_collected(Instant now);
    bool hand_out_collected_in(Instant now, Place& place, std::deque<std::uint64_t>& queue);
    void make_room_for_collecting(Instant now, std::size_t places);
    bool is_collected(SlotKey key) const { return slots_.at(key).collected; }

    bool stopping() const { return end_.has_value(); }
    void go_on(Instant now);
    void finish(Instant now);

    void finish_retiring(Instant now);
    void hand_out_waiting(Instant now, std::size_t places);
    bool may_have_one_ahead(SlotKey key) const;
    bool is_soon_done(SlotKey key) const;
    bool may_be_split(const Job& job) const;
    void split_long_units();
    std::size_t waiting_anywhere() const { return waiting_.size() + groups_.free(); }
    void hand_out_next(Instant now, SlotKey key);
    Instant ramped_at(std::uint32_t environment) const;
    /// True if slots or places are left that none of what runs can be for.
    bool rebalance(Instant now, std::size_t places);
    bool ask_back(Job& job, std::uint32_t keep);
    static std::uint32_t fair_part_of(const Attempt& attempt);
    std::uint32_t slots_most() const;
    std::vector<SlotKey> idle_on(WorkerKey worker) const;
    std::size_t staying_on(WorkerKey worker) const;
    std::size_t most_on(WorkerKey worker, const UnitNeeds& needs) const;
    std::optional<WorkerKey> best_for(const UnitNeeds& needs) const;
    void hand_out_needy(Instant now);
    void hand_out_alone(Instant now);
    void begin_awaited(Instant now, std::size_t there);
    bool begin_needy(Instant now, const Job& needy, std::optional<SlotKey> where);
    void begin_with(Instant now, const Job& needy, std::vector<SlotKey> slots,
                    std::optional<SlotKey> where);
    void await_slots(const Job& wide, WorkerKey worker, std::optional<SlotKey> slot);
    void await_no_more();
    void give_back_needs(const Job& needy);
    std::size_t count_wanted() const;
    std::vector<std::vector<std::string>> grid_wishes(std::size_t most) const;
    /// What is in no group of its own stays together all the same.
    bool keeps_units() const {
        return spec_.grouping == Grouping::file || spec_.grouping == Grouping::scope;
    }
    /// What a job may keep that waited behind another when it was asked.
    std::uint32_t kept_of_waiting() const { return keeps_units() ? keep_if_begun : 0; }

    std::string id_;
    RunSpec spec_;
    std::uint64_t* next_job_;
    const Settings* settings_;
    std::optional<Lane> lane_;
    std::vector<Environment> environments_;
    std::vector<Place> places_;  // of each environment

    std::map<std::uint64_t, Job> jobs_;  // open ones
    std::size_t open_jobs_ = 0;          // without those to finish
    std::size_t collected_jobs_ = 0;     // those of them for the slot that has collected everything
    std::deque<std::uint64_t> waiting_;  // those of them that no slot holds, in order
    Groups groups_;                      // others of them, that go to certain slots
    std::deque<std::uint64_t> waiting_again_;  // others, of tests that are to run again
    std::size_t again_jobs_ = 0;               // all open jobs of such tests
    std::size_t again_wanted_ = 0;             // slots, for those that wait
    Instant again_due_ = never;                // when one has waited long enough for a better slot
    std::deque<std::uint64_t> waiting_collected_;
    std::shared_ptr<Resources> resources_;
    NeedyJobs needy_;               // others of them, whose units need more than a slot
    std::size_t needy_wanted_ = 0;  // slots, for these
    KeptSlots kept_;
    std::map<SlotKey, Slot> slots_;  // live ones
    std::map<WorkerKey, std::set<SlotKey>> by_worker_;
    std::set<SlotKey> idle_;  // those that hold no job, and are not kept for one
    std::set<SlotKey> with_one_job_;
    std::set<SlotKey> retiring_;
    SlotKey next_slot_ = 0;
    std::set<std::string> units_;  // named so far
    Outlook outlook_;
    std::vector<std::uint64_t> long_jobs_;   // just loaded, and too much for one slot
    std::set<DoneTest> done_;                // verdicts of an earlier submission
    std::set<std::string> collected_units_;  // that need a slot that has collected everything
    Retries retries_;
    Confirmation confirmation_;
    std::uint32_t confirmations_lost_ = 0;
    bool enumerated_ = false;
    std::uint32_t failures_ = 0;
    std::uint32_t crashes_ = 0;
    std::string session_trouble_;           // of a slot's end
    std::optional<RunFinished> withdrawn_;  // why the first environment was that was
    std::optional<RunFinished> end_;        // decided, while slots finish
    bool over_ = false;
    Instant finish_by_ = never;
    Instant rebalanced_at_;
    Instant rebalance_at_ = never;
    std::optional<Instant> began_at_;
    Instant seen_;  // the last time that it was told

    std::vector<Event> events_;
    std::vector<Duration> waits_;
    std::set<WorkerKey> changed_;
};

/// How a run ends at these limits.
RunFinished after_failures(std::uint32_t most);
RunFinished after_crashes(std::uint32_t most);

}  // namespace xgrid::broker
