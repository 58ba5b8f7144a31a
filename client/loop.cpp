#include "client/loop.hpp"

#include <algorithm>
#include <array>
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
#include "client/client.hpp"
#include "client/code.hpp"
#include "client/coverage_report.hpp"
#include "client/giver.hpp"
#include "client/grid.hpp"
#include "client/home.hpp"
#include "client/memory.hpp"
#include "client/plugin_talk.hpp"
#include "client/reports.hpp"
#include "client/rounds.hpp"
#include "client/snapshot/difference.hpp"
#include "client/snapshot/snapshot_shelf.hpp"
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
constexpr Duration patience = std::chrono::milliseconds(500);

Instant now() { return std::chrono::steady_clock::now(); }

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::string local_time() {
    const std::time_t seconds =
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm local{};
    localtime_r(&seconds, &local);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}", local);
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
        if (takes_code_along(options_)) {
            if (auto snapshot = read_code()) offer(std::move(snapshot));
        }
        core_.emplace(run_, options_.spec);
        const Instant began = now();
        reports_.begin(began);
        while (!core_->over() && !cut_short_) {
            obey_signals();
            grid_.attend(now());
            hear_grid();
            hear_handshakes();
            hear_broker();
            take(core_->advance(now()));
            if (unsent_ && !cut_short_) send_again();
            if (giver_) reports_.add_given(giver_->bytes_given());
            reports_.tick(now());
            if (!core_->over() && !cut_short_) wait();
        }
        if (cut_short_) {
            reports_.add(now(), *cut_short_);
        } else {
            report_coverage_since(began);
        }
        return {.code = reports_.end(now()),
                .interrupted = asked_to_end_,
                .broken = cut_short_.has_value()};
    }

private:
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
            if (core_) {
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
                       Offer{run_, options_.pack}, *shelf_);
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
        reports_.begin_again(run_);
        reports_.tick(now());
        take(core_->retake(now(), run_, *options_.spec.tree));
    }

    void tell_of_retake(const std::vector<std::string>& files) {
        reports_.add(now(), NoteSeen{.text = retaken_line(files)});
        reports_.tick(now());
    }

    void hear_handshakes() {
        if (!handshakes_) return;
        while (const std::optional<Handshake> handshake = handshakes_->next()) {
            fail(admission_->hear(*handshake));
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
            home_.translate(event);
            complete(event);
            explain(event);
            coverage_.add(event);
            reports_.add(now(), event);
            listener_(event);
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
    }

    void wait() {
        std::vector<zmq::pollitem_t> items = {broker_->poll_item()};
        if (handshakes_) items.push_back(handshakes_->poll_item());
        grid_.watch(items);
        Instant until = std::min(core_->next_deadline(), grid_.next_deadline());
        if (reports_.live()) until = std::min(until, now() + tick_interval);
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
    std::set<std::string> told_lost_;  // hosts
    std::optional<Client> core_;
    std::set<std::string> warned_;  // of what does not travel
    std::shared_ptr<const Snapshot> snapshot_;
    std::optional<SnapshotShelf> shelf_;
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

}  // namespace

int run(const Options& given) {
    if (given.asks_pytest) become_pytest(given.spec);
    for (const std::string& warning : given.warnings) {
        fmt::print(stderr, "xgrid: warning: {}\n", warning);
    }
    check_copies(given);
    Grid grid(given);
    const auto run_once = [&grid](Options options, Continued continued,
                                  const std::function<void(const Event&)>& listener) {
        const std::string run = random_token();
        if (options.spec.testrun_uid.empty()) options.spec.testrun_uid = run;
        if (options.plugin_socket >= 0) talk_to_plugin(options.plugin_socket, options.spec);
        Memory memory(options.spec.directory);
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
    if (given.repeats) return Rounds(given, grid, run_once).run();
    return run_once(given, Continued::no, [](const Event&) {}).code;
}

}  // namespace xgrid::client
