#include "client/loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
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
#include "client/dialer.hpp"
#include "client/embedded.hpp"
#include "client/giver.hpp"
#include "client/home.hpp"
#include "client/memory.hpp"
#include "client/remote_hosts.hpp"
#include "client/reports.hpp"
#include "client/snapshot/difference.hpp"
#include "client/snapshot/snapshot_shelf.hpp"
#include "client/tally.hpp"
#include "shared/codec.hpp"
#include "shared/ensure.hpp"
#include "shared/process.hpp"
#include "shared/signals.hpp"
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
    Loop(Options options, std::string run, Reports& reports, Memory& memory)
        : options_(std::move(options)),
          run_(std::move(run)),
          reports_(reports),
          memory_(memory),
          home_(takes_code_along(options_) ? options_.sync.root : ""),
          signals_({SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
        if (options_.broker.empty()) {
            embedded_.emplace(options_);
            remotes_.emplace(options_.hosts, embedded_->endpoint().substr(strlen("ipc://")));
        }
        raise_descriptor_limit();
        endpoint_ = options_.broker.empty() ? embedded_->endpoint() : options_.broker;
        broker_.emplace(context_.emplace(), endpoint_);
        for (const Host& host : options_.hosts) {
            if (host.reach != Reach::socket) continue;
            dialers_.push_back(
                std::make_unique<Dialer>(*context_, endpoint_, host, random_token()));
        }
    }

    int run() {
        if (takes_code_along(options_)) {
            if (auto snapshot = read_code()) offer(std::move(snapshot));
        }
        core_.emplace(run_, options_.spec);
        reports_.begin(now());
        while (!core_->over() && !cut_short_) {
            obey_signals();
            hear_remotes();
            hear_broker();
            hear_dialers();
            take(core_->advance(now()));
            if (unsent_ && !cut_short_) send_again();
            if (giver_) reports_.add_given(giver_->bytes_given());
            reports_.tick(now());
            if (!core_->over() && !cut_short_) wait();
        }
        if (cut_short_) reports_.add(now(), *cut_short_);
        const int code = reports_.end(now());
        giver_.reset();
        dialers_.clear();
        broker_.reset();
        remotes_.reset();
        if (embedded_) embedded_->end();
        return code;
    }

private:
    void obey_signals() {
        while (const std::optional<int> signal = signals_.next()) {
            if (*signal == SIGCHLD) {
                if (embedded_) fail(embedded_->look_after());
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
            std::vector<zmq::pollitem_t> items = {{nullptr, task.descriptor(), ZMQ_POLLIN, 0},
                                                  {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
            watch_remotes(items);
            wait_for(items, tick_interval);
            obey_signals();
            hear_remotes();
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
        giver_.emplace(*context_, endpoint_, Offer{run_, options_.pack}, *shelf_);
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

    void watch_remotes(std::vector<zmq::pollitem_t>& items) const {
        if (!remotes_) return;
        for (const auto& [descriptor, write] : remotes_->watched()) {
            const short events = write ? ZMQ_POLLOUT : ZMQ_POLLIN;
            items.push_back({nullptr, descriptor, events, 0});
        }
    }

    // What comes before the run has begun is told when it has.
    void hear_remotes() {
        if (!remotes_) return;
        for (RemoteNews& news : remotes_->look(now())) news_.push_back(std::move(news));
        if (!core_) return;
        for (const RemoteNews& news : std::exchange(news_, {})) {
            if (!news.output.empty()) {
                reports_.add(now(), OutputSeen{.worker = remotes_->name_of(news.host),
                                               .stream = Stream::err,
                                               .text = news.output});
            }
            if (!news.trouble.empty()) lose(news.host, news.trouble);
        }
    }

    void hear_dialers() {
        for (const std::unique_ptr<Dialer>& dialer : dialers_) {
            const Dialer::News news = dialer->collect();
            const std::string& where = dialer->host().spec.text;
            for (const std::string& note : news.notes) {
                reports_.add(now(), NoteSeen{"", fmt::format("{}: {}", where, note)});
            }
            if (!news.trouble.empty()) lose(dialer->host().label, where + " " + news.trouble);
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
            reports_.add(now(), event);
            memory_.add(event);
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
        std::vector<zmq::pollitem_t> items = {broker_->poll_item(),
                                              {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
        watch_remotes(items);
        for (const std::unique_ptr<Dialer>& dialer : dialers_) {
            items.push_back({nullptr, dialer->descriptor(), ZMQ_POLLIN, 0});
        }
        Instant until = core_->next_deadline();
        if (remotes_) until = std::min(until, remotes_->next_deadline());
        if (reports_.live()) until = std::min(until, now() + tick_interval);
        wait_for(items, until - now());
    }

    Options options_;
    std::string run_;
    std::string endpoint_;
    Reports& reports_;
    Memory& memory_;
    Home home_;
    Signals signals_;
    std::optional<Embedded> embedded_;
    std::optional<RemoteHosts> remotes_;
    std::vector<RemoteNews> news_;  // that are yet to be told
    std::optional<Context> context_;
    std::optional<Dealer> broker_;
    std::vector<std::unique_ptr<Dialer>> dialers_;
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
    Options options = given;
    const std::string run = random_token();
    if (options.spec.testrun_uid.empty()) options.spec.testrun_uid = run;
    Memory memory(options.spec.directory);
    const bool runs_tests = options.spec.confirm && !options.spec.collect_only;
    if (runs_tests) options.spec.collected_units = memory.collected_units();
    options.spec.coloured = wants_colour(options);
    Reports reports(options, {run, host_name(), local_time()});
    const int code = Loop(options, run, reports, memory).run();
    memory.write();
    return code;
}

}  // namespace xgrid::client
