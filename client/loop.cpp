#include "client/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "client/changed_code.hpp"
#include "client/changed_paths.hpp"
#include "client/chosen.hpp"
#include "client/client.hpp"
#include "client/code.hpp"
#include "client/coverage_report.hpp"
#include "client/giver.hpp"
#include "client/grid.hpp"
#include "client/home.hpp"
#include "client/memory.hpp"
#include "client/order.hpp"
#include "client/plugin_talk.hpp"
#include "client/quarantined.hpp"
#include "client/reports.hpp"
#include "client/rounds.hpp"
#include "client/run_id.hpp"
#include "client/snapshot/difference.hpp"
#include "client/snapshot/snapshot_shelf.hpp"
#include "client/subcommands.hpp"
#include "client/tally.hpp"
#include "shared/admission.hpp"
#include "shared/codec.hpp"
#include "shared/curve.hpp"
#include "shared/ensure.hpp"
#include "shared/handshakes.hpp"
#include "shared/process.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {
namespace {

constexpr Duration tick_interval = std::chrono::milliseconds(100);
// What takes longer is told.
constexpr std::chrono::milliseconds patience(500);
// Between two looks whether a thread is done.
constexpr Duration look_interval = std::chrono::milliseconds(5);

Instant now() { return std::chrono::steady_clock::now(); }

// Code that the broker has, and nobody else.
class NoShelf : public Shelf {
public:
    std::string name() const override { return ""; }
    std::vector<WantedObject> lacks(const std::vector<WantedObject>& objects) override {
        return objects;
    }
    std::uint64_t offset(const ObjectId&) override { return 0; }
    Taken take(const std::vector<Piece>&) override { return {}; }
    Result<Piece> read(const WantedObject&, std::uint64_t) override {
        return Error{"only the broker had it"};
    }
};

std::string local_time() {
    const std::time_t seconds =
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm local{};
    localtime_r(&seconds, &local);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}", local);
}

// A round again and again is no run of its own to learn from, and begins at once.
bool tells_changes(const Options& options) {
    return !options.attached && !options.kept && !options.repeats && !options.repeat &&
           !options.spec.collect_only;
}

class Loop {
public:
    Loop(Options options, std::string run, Grid& grid, Reports& reports,
         std::function<void(const Event&)> listener)
        : options_(std::move(options)),
          run_(std::move(run)),
          grid_(grid),
          reports_(reports),
          listener_(std::move(listener)),
          home_(takes_code_along(options_) ? options_.sync.root : ""),
          coverage_({.distributed = options_.spec.distributed,
                     .coloured = options_.spec.coloured,
                     .interpreter = options_.spec.interpreter}) {
        if (tells_changes(options_)) changed_.emplace(options_.spec.directory);
        broker_.emplace(grid_.context(), options_.credentials);
        if (!options_.broker.empty()) {
            handshakes_.emplace(grid_.context(), broker_->socket());
            std::optional<CurveKey> own;
            if (options_.credentials) own = public_of(options_.credentials->client_secret);
            admission_.emplace(options_.broker, own);
        }
        broker_->connect(grid_.endpoint());
    }

    RoundEnd run() {
        begin();
        const Instant began = now();
        reports_.begin(began);
        while (!core_->over() && !cut_short_) {
            take_turn();
            if (giver_) reports_.add_given(giver_->bytes_given());
            reports_.tick(now());
            if (!core_->over() && !cut_short_) wait();
        }
        if (cut_short_) {
            reports_.add(now(), *cut_short_);
        } else if (!options_.attached) {
            report_coverage_since(began);
        }
        return {.code = reports_.end(now()),
                .interrupted = asked_to_end_,
                .broken = cut_short_.has_value()};
    }

    /// Returns when the broker has the run and all of its code. Throws Fatal.
    void hand_in() {
        begin();
        while (!handed_in() && !cut_short_) {
            take_turn();
            const auto kept = giver_ ? giver_->kept() : std::nullopt;
            if (kept && !kept->empty()) fail(*kept);
            if (!handed_in() && !cut_short_) wait();
        }
        if (asked_to_end_) fail("interrupted");
        if (!cut_short_) return;
        broker_->send(encode(Cancel{run_}));
        throw Fatal("the run was not handed in: " + cut_short_->reason,
                    asked_to_end_ ? 2 : cut_short_->code);
    }
    const std::string& run_id() const { return run_; }

private:
    void begin() {
        if (options_.attached) {
            core_.emplace(*options_.attached);
            return;
        }
        if (options_.kept) {
            giver_.emplace(grid_.context(), grid_.endpoint(), options_.credentials,
                           Offer{.run = run_, .whole = true}, no_shelf_);
        } else if (takes_code_along(options_)) {
            if (auto snapshot = read_code()) offer(std::move(snapshot));
        }
        // Who leaves at once can tell nothing later.
        if (changed_ && options_.detach) {
            options_.spec.changed = changed_->take(patience).value_or(std::vector<std::string>());
        }
        core_.emplace(run_, options_.spec, options_.order);
    }

    void take_turn() {
        obey_signals();
        grid_.attend(now());
        hear_grid();
        hear_handshakes();
        hear_broker();
        if (const auto found = changed_ ? changed_->take({}) : std::nullopt) {
            take(core_->changes(*found));
        }
        take(core_->advance(now()));
        if (unsent_ && !cut_short_) send_again();
    }

    // It may be over before all of its code is there: then it needs no more.
    bool handed_in() const {
        if (core_->over()) return true;
        return core_->submitted() && (!giver_ || giver_->kept() == "");
    }

    // A terminal that goes away leaves others to see what comes of the run.
    bool leaves_on(int signal) const {
        return options_.attached || (signal == SIGHUP && options_.order.stays && !options_.detach);
    }

    std::string how_to_come_back() const {
        return fmt::format("xgrid attach {} --broker {}", short_id(run_), options_.broker);
    }

    void report_coverage_since(Instant began) {
        const Tally& tally = reports_.tally();
        const auto task =
            coverage_.task(copied_folders(options_, home_.workspaces()),
                           tally.count("failed") + tally.count("error"),
                           std::chrono::duration_cast<std::chrono::milliseconds>(now() - began));
        if (task) reports_.close(report_coverage(*task));
    }

    void obey_signals() {
        while (const std::optional<int> signal = grid_.signals().next()) {
            if (*signal == SIGCHLD) {
                fail(grid_.look_after());
            } else if (leaves_on(*signal)) {
                cut_short_ = RunFinished{RunEnd::cancelled, 2,
                                         "left, and the run goes on: " + how_to_come_back()};
                asked_to_end_ = true;
            } else if (asked_to_end_) {
                cut_short_ = RunFinished{RunEnd::cancelled, 2, "interrupted twice"};
            } else {
                asked_to_end_ = true;
                if (core_) take(core_->cancel(now()));
            }
        }
    }

    // None: the run is cut short.
    std::shared_ptr<const Snapshot> read_code() {
        const Instant began = now();
        bool told = false;
        const SnapshotTask task(snapshot_settings(options_));
        auto taken = task.result();
        for (; !taken; taken = task.result()) {
            std::vector<zmq::pollitem_t> items = {{nullptr, task.descriptor(), ZMQ_POLLIN, 0}};
            grid_.watch(items);
            wait_for(items, tick_interval);
            obey_signals();
            grid_.attend(now());
            if (asked_to_end_) cut_short_ = RunFinished{RunEnd::cancelled, 2, "interrupted"};
            if (cut_short_) return nullptr;
            if (core_ && !options_.detach) {
                reports_.tick(now());
            } else if (!told && now() >= began + patience && reports_.live()) {
                told = true;
                fmt::print(stderr, "xgrid: reading {}\n", options_.sync.root);
            }
        }
        if (!*taken) {
            fail(taken->error());
            return nullptr;
        }
        for (const std::string& warning : (**taken)->warnings) {
            if (!warned_.insert(warning).second) continue;
            fmt::print(stderr, "xgrid: warning: {}\n", warning);
        }
        return **taken;
    }

    // Makes ready to give it to whoever asks.
    void offer(std::shared_ptr<const Snapshot> snapshot) {
        options_.spec.tree = tree_spec(options_, *snapshot);
        reports_.set_tree(snapshot->git_id.hex());
        giver_.reset();
        snapshot_ = std::move(snapshot);
        shelf_.emplace(snapshot_);
        giver_.emplace(grid_.context(), grid_.endpoint(), options_.credentials,
                       Offer{run_, options_.pack, options_.detach}, *shelf_);
    }

    // If the code has changed, the run goes on with what it is now.
    void send_again() {
        unsent_ = false;
        const std::string lost = shelf_->lost();
        // Before the code is read: what is told may go to a file in it.
        if (!lost.empty()) tell_of_retake({lost});
        std::shared_ptr<const Snapshot> snapshot = read_code();
        if (!snapshot) return;
        // A part of a large file is given as it is, and found to be wrong elsewhere.
        if (lost.empty()) {
            if (snapshot->id == snapshot_->id) return take(core_->settle());
            tell_of_retake(differences(*snapshot_, *snapshot));
        }
        run_ = random_token();
        offer(std::move(snapshot));
        if (!options_.detach) {
            reports_.begin_again(run_);
            reports_.tick(now());
        }
        take(core_->retake(now(), run_, *options_.spec.tree));
    }

    void tell_of_retake(const std::vector<std::string>& files) {
        if (options_.detach) return fmt::print(stderr, "xgrid: {}\n", retaken_line(files));
        reports_.add(now(), NoteSeen{.text = retaken_line(files)});
        reports_.tick(now());
    }

    void hear_handshakes() {
        if (!handshakes_) return;
        while (const std::optional<Handshake> handshake = handshakes_->next()) {
            fail(admission_->hear(now(), *handshake));
        }
    }

    void hear_broker() {
        while (const std::optional<Received> received = broker_->receive()) {
            Result<Message> message = decode(received->views());
            if (message) {
                take(core_->receive(now(), *message));
            } else {
                fail(fmt::format("cannot understand the broker: {}", message.error()));
            }
        }
    }

    // What came before the run has begun is told when it has.
    void hear_grid() {
        for (const GridNews& news : grid_.news()) {
            if (!news.output.empty()) {
                reports_.add(
                    now(),
                    OutputSeen{.worker = news.where, .stream = Stream::err, .text = news.output});
            }
            if (!news.note.empty()) {
                reports_.add(now(), NoteSeen{"", fmt::format("{}: {}", news.where, news.note)});
            }
        }
        for (const auto& [host, why] : grid_.lost()) {
            if (told_lost_.insert(host).second) lose(host, why);
        }
    }

    // The broker tells what becomes of the run, and so why.
    void lose(const std::string& host, const std::string& why) {
        const std::vector<Environment>& all = options_.spec.environments;
        for (std::uint32_t i = 0; i < all.size(); ++i) {
            const auto label = all[i].labels.find(host_label);
            if (label == all[i].labels.end() || label->second != host) continue;
            take(core_->lacks(now(), i, why));
        }
    }

    void take(const Effects& effects) {
        for (const Message& message : effects.send) broker_->send(encode(message));
        unsent_ = unsent_ || effects.unsent;
        for (Event event : effects.events) {
            if (options_.detach) continue;  // who attaches is told
            home_.translate(event);
            quarantine(options_.spec.quarantines, event);
            complete(event);
            explain(event);
            coverage_.add(event);
            reports_.add(now(), event);
            listener_(event);
        }
        for (const std::string& note : effects.notes) {
            if (!options_.detach) reports_.add(now(), NoteSeen{"", note});
        }
        fail(effects.trouble);
    }

    // What an environment was asked to have tells it from others, too.
    void complete(Event& event) const {
        auto* up = std::get_if<WorkerUp>(&event);
        if (up == nullptr || up->environment >= options_.spec.environments.size()) return;
        for (const auto& [name, value] : options_.spec.environments[up->environment].variables) {
            up->facts.fingerprint["env:" + name] = value;
        }
    }

    // A run that ends for want of code ends because of a file.
    void explain(Event& event) const {
        auto* finished = std::get_if<RunFinished>(&event);
        if (finished != nullptr) finished->reason += perhaps_meant(finished->reason);
        if (finished == nullptr || !shelf_ || finished->end == RunEnd::completed) return;
        const std::string trouble = shelf_->trouble();
        if (trouble.empty()) return;
        if (core_->retakes() > 0 && finished->end == RunEnd::refused) {
            finished->reason = kept_changing(core_->retakes(), trouble);
        } else {
            finished->reason += "\n" + trouble;
        }
    }

    void fail(const std::string& trouble) {
        if (trouble.empty() || cut_short_) return;
        cut_short_ = RunFinished{RunEnd::grid_failed, 3, trouble};
        const bool goes_on = options_.order.stays || options_.attached;
        if (goes_on && !options_.detach && core_ && core_->submitted()) {
            cut_short_->reason += "\n(the run may go on: " + how_to_come_back() + ")";
        }
    }

    void wait() {
        std::vector<zmq::pollitem_t> items = {broker_->poll_item()};
        if (handshakes_) items.push_back(handshakes_->poll_item());
        grid_.watch(items);
        Instant until = std::min(core_->next_deadline(), grid_.next_deadline());
        const bool looks = options_.detach && giver_;  // whether all of the code is there
        if (changed_ && !changed_->taken()) until = std::min(until, now() + look_interval);
        if (reports_.live() || looks) until = std::min(until, now() + tick_interval);
        wait_for(items, until - now());
    }

    Options options_;
    std::string run_;
    Grid& grid_;
    Reports& reports_;
    std::function<void(const Event&)> listener_;
    Home home_;
    Coverage coverage_;
    std::optional<Dealer> broker_;
    std::optional<Handshakes> handshakes_;  // with a shared broker
    std::optional<Admission> admission_;
    std::optional<ChangedPathsTask> changed_;
    std::set<std::string> told_lost_;  // hosts
    std::optional<Client> core_;
    std::set<std::string> warned_;  // of what does not travel
    std::shared_ptr<const Snapshot> snapshot_;
    std::optional<SnapshotShelf> shelf_;
    NoShelf no_shelf_;
    std::optional<Giver> giver_;
    bool unsent_ = false;  // the run's code may have changed before it was sent
    bool asked_to_end_ = false;
    std::optional<RunFinished> cut_short_;  // the run goes no further, whatever the broker says
};

// Does not return.
void become_pytest(const RunSpec& spec) {
    std::vector<std::string> words = {spec.interpreter, "-m", "pytest"};
    words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execvp(pointers[0], pointers.data());
    throw Fatal(fmt::format("cannot run {}: {}", spec.interpreter, strerror(errno)), 3);
}

int follow(const Options& options, Grid& grid) {
    const std::string& run = options.attached->run;
    Reports reports(options, {run, host_name(), local_time(), Continued::no});
    return Loop(options, run, grid, reports, [](const Event&) {}).run().code;
}

// The code is that of the first round that was not successful.
int repeat(const Options& given, const Rounds::Run& run) {
    int code = 0;
    const std::uint32_t times = given.repeat->times;
    for (std::uint32_t round = 1; times == 0 || round <= times; ++round) {
        fmt::print("xgrid: round {}{}\n", round, times == 0 ? "" : fmt::format(" of {}", times));
        Options options = given;
        options.display.header = given.display.header && round == 1;
        const RoundEnd end =
            run(options, round == 1 ? Continued::no : Continued::yes, [](const Event&) {});
        if (code == 0) code = end.code;
        if (end.interrupted || end.broken || (times == 0 && code != 0)) break;
    }
    return code;
}

int hand_in(Options options, Grid& grid) {
    const std::string run = random_token();
    if (options.spec.testrun_uid.empty()) options.spec.testrun_uid = run;
    Memory memory(options.spec.directory);
    if (options.spec.confirm) options.spec.collected_units = memory.collected_units();
    options.spec.coloured = wants_colour(options);
    Reports reports(options, {run, host_name(), local_time(), Continued::no});
    Loop loop(options, run, grid, reports, [](const Event&) {});
    loop.hand_in();
    fmt::print("run {0} is handed in\nxgrid attach {0} --broker {1}\n", short_id(loop.run_id()),
               options.broker);
    return 0;
}

}  // namespace

int run(const Options& given) {
    if (given.asks_pytest) become_pytest(given.spec);
    for (const std::string& warning : given.warnings) {
        fmt::print(stderr, "xgrid: warning: {}\n", warning);
    }
    if (given.rerun_failed && Memory(given.spec.directory).failed().empty()) {
        fmt::print(stderr, "xgrid: nothing failed in the last run here: all tests run\n");
    }
    check_copies(given);
    Grid grid(given);
    const auto run_once = [&grid](Options options, Continued continued,
                                  const std::function<void(const Event&)>& listener) {
        const std::string run = random_token();
        if (options.spec.testrun_uid.empty()) options.spec.testrun_uid = run;
        if (options.plugin_socket >= 0) talk_to_plugin(options.plugin_socket, options.spec);
        Memory memory(options.spec.directory);
        if (options.rerun_failed && !memory.failed().empty()) {
            choose(options.spec, memory.failed());
        }
        const bool runs_tests = options.spec.confirm && !options.spec.collect_only;
        if (runs_tests) options.spec.collected_units = memory.collected_units();
        options.spec.coloured = wants_colour(options);
        Reports reports(options, {run, host_name(), local_time(), continued});
        const RoundEnd end = Loop(options, run, grid, reports, [&](const Event& event) {
                                 memory.add(event);
                                 listener(event);
                             }).run();
        memory.write();
        return end;
    };
    if (given.attached) return follow(given, grid);
    if (given.detach) return hand_in(given, grid);
    if (given.repeats) return Rounds(given, grid, run_once).run();
    if (given.repeat) return repeat(given, run_once);
    return run_once(given, Continued::no, [](const Event&) {}).code;
}

}  // namespace xgrid::client
