#include "worker/loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "shared/admission.hpp"
#include "shared/codec.hpp"
#include "shared/curve.hpp"
#include "shared/endpoint.hpp"
#include "shared/handshakes.hpp"
#include "shared/notices.hpp"
#include "shared/process.hpp"
#include "shared/signals.hpp"
#include "shared/socket.hpp"
#include "worker/detection.hpp"
#include "worker/disk_space.hpp"
#include "worker/from_home.hpp"
#include "worker/listen.hpp"
#include "worker/slots.hpp"
#include "worker/staying.hpp"
#include "worker/trees.hpp"
#include "worker/worker.hpp"

namespace xgrid::worker {
namespace {

// Slots speak at each test: they are listened to at most so often, which costs less than each word
// alone.
constexpr Duration listen_pause = std::chrono::milliseconds(2);
constexpr Duration leave_limit = std::chrono::seconds(4);
// One whose user is gone has nobody to wait for.
constexpr Duration leave_limit_alone = std::chrono::milliseconds(2500);
constexpr Duration retry_interval = std::chrono::seconds(2);
constexpr Duration broker_silence_max = std::chrono::seconds(15);
constexpr Duration disk_interval = std::chrono::seconds(5);
constexpr auto descendants_grace = std::chrono::milliseconds(500);

Instant now() { return std::chrono::steady_clock::now(); }

std::string working_directory() {
    std::error_code none;
    return std::filesystem::current_path(none);
}

// False at its end. What comes is nobody's.
bool input_goes_on() {
    std::array<char, 256> buffer{};
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::filesystem::path temporary_folder() {
    std::error_code none;
    return std::filesystem::temp_directory_path(none);
}

// What it was told goes before what it finds out.
std::map<std::string, std::string> all_labels(const Options& options) {
    std::map<std::string, std::string> labels = options.labels;
    if (!serves_one(options)) labels.merge(detected_labels());
    return labels;
}

class Loop {
public:
    explicit Loop(const Options& options)
        : notices_("worker", options.log_json),
          signals_({SIGTERM, SIGINT, SIGHUP}),
          endpoint_(options.broker),
          credentials_(options.credentials),
          serves_one_(serves_one(options)),
          core_({.session = random_token(),
                 .host = host_name(),
                 .slots = options.slots,
                 .labels = all_labels(options),
                 .name = options.name,
                 .version = options.version},
                {.watches_starts = !serves_one_}),
          staying_(now(), options.drain_limit, options.idle_limit),
          disk_space_({options.cache, temporary_folder()}, options.free_least) {
        if (serves_one_) look_at_disk_ = never;
        if (options.until_end_of_input) {
            signal(SIGPIPE, SIG_IGN);
            fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
            alone_at_ = now() + broker_silence_max;
            home_ = working_directory();
        }
        // A slow start: the interpreter's is the longest, and goes first.
        if (options.warm) slots_.warm(*options.warm);
        raise_descriptor_limit();
        context_.emplace();
        std::optional<CurveKey> own;
        if (credentials_) own = public_of(credentials_->client_secret);
        if (!options.embedded) admission_.emplace(endpoint_, own);
        connect();
        trees_.emplace(*context_, SyncSettings{.broker = options.broker,
                                               .credentials = credentials_,
                                               .cache = options.cache,
                                               .cache_bytes_max = options.cache_bytes_max,
                                               .pack = options.pack,
                                               .at_home = options.embedded});
    }

    int run() {
        Instant leave_by = never;
        while (true) {
            const Instant time = now();
            heed_signals(time);
            if (leave_by == never && staying_.advance(time, core_.idle()) == Stay::leaves) {
                leave_by = time + (alone_at_ == never ? leave_limit : leave_limit_alone);
                carry_out(core_.leave(time));
            }
            look_at_disk(time);
            if (time >= leave_by || (leave_by != never && core_.empty())) return code_;
            listen(time);
            hear_handshakes();
            hear_broker();
            hear_topics();
            carry_out(core_.advance(now()));
            wait(leave_by);
        }
    }

private:
    void say(const std::string& text) const { notices_.say(text); }
    void warn(const std::string& text) const { notices_.say(Level::warning, text); }

    void connect() {
        retry_at_ = never;
        handshakes_.reset();
        broker_.emplace(*context_, credentials_);
        if (admission_) handshakes_.emplace(*context_, broker_->socket());
        broker_->connect(endpoint_);
    }

    // Who has dialled it has nothing to do with what else it might finish.
    void heed_signals(Instant time) {
        while (const std::optional<int> signal = signals_.next()) {
            if (serves_one_ || *signal == SIGHUP) {
                staying_.ask_at_once();
                continue;
            }
            staying_.ask(time);
            if (std::exchange(drains_, true) || core_.idle()) continue;
            say("takes nothing new, finishes the tests that run, and leaves (once more: at once)");
            carry_out(core_.drain(time));
        }
        if (alone_at_ == never) return;
        if (!input_goes_on()) return staying_.ask_at_once();
        if (time < alone_at_ || code_ != 0) return;
        warn(fmt::format("nothing was heard from the broker for {} s",
                         broker_silence_max / std::chrono::seconds(1)));
        code_ = 3;
        staying_.ask_at_once();
    }

    void look_at_disk(Instant time) {
        if (time < look_at_disk_) return;
        look_at_disk_ = time + disk_interval;
        const std::string trouble = disk_space_.trouble();
        if (!trouble.empty() && trouble_.empty()) warn("takes nothing new: " + trouble);
        if (trouble.empty() && !trouble_.empty()) say("goes on");
        trouble_ = trouble;
        carry_out(core_.ail(time, trouble));
    }

    void listen(Instant time) {
        hear_trees(time);
        if (time < listen_at_) return;
        for (const auto& [slot, report] : slots_.collect(time)) {
            carry_out(core_.report(time, slot, report));
            listen_at_ = time + listen_pause;
        }
    }

    void hear_trees(Instant time) {
        if (trees_->empty()) return;
        Trees::News news = trees_->collect();
        for (const WarmKey& key : news.soon) slots_.warm(key);
        // A full disk is found out by those who write.
        const bool refused = std::ranges::any_of(news.reports, [](const auto& report) {
            return std::holds_alternative<SlotRefused>(report.second);
        });
        if (refused && !serves_one_) {
            look_at_disk_ = time;
            look_at_disk(time);
        }
        for (const auto& [slot, report] : news.reports) carry_out(core_.report(time, slot, report));
        for (const Command& command : news.commands) slots_.perform(time, command);
        trees_->keep_only(core_.runs());
    }

    // It may be let in yet, and goes on trying: libzmq does not, after that.
    void hear_handshakes() {
        if (now() >= retry_at_) connect();
        if (!handshakes_) return;
        while (const std::optional<Handshake> handshake = handshakes_->next()) {
            if (*handshake == Handshake::done) refused_.clear();
            const std::string why = admission_->hear(now(), *handshake);
            if (!why.empty()) warn(why + "; trying on");
            const bool ended = *handshake == Handshake::denied || *handshake == Handshake::failed;
            if (ended && retry_at_ == never) retry_at_ = now() + retry_interval;
        }
    }

    void hear_broker() {
        while (const std::optional<Received> received = broker_->receive()) {
            Result<Message> message = decode(received->views());
            if (message) carry_out(core_.receive(now(), *message));
            if (message && alone_at_ != never) alone_at_ = now() + broker_silence_max;
        }
    }

    void hear_topics() {
        if (!topics_) return;
        while (const std::optional<Received> received = topics_->receive()) {
            Result<Publication> publication = decode_publication(received->views());
            if (publication) carry_out(core_.receive(now(), *publication));
        }
    }

    void listen_at(const std::string& told) {
        const std::string where = told.empty() ? "" : topics_reached(endpoint_, told);
        if (where == topics_at_) return;
        topics_at_ = where;
        topics_.reset();
        if (!where.empty()) topics_.emplace(*context_, where, core_.topics(), credentials_);
    }

    void carry_out(const Effects& effects) {
        if (effects.topics) listen_at(*effects.topics);
        for (Command command : effects.commands) {
            auto* start = std::get_if<StartSlot>(&command);
            if (start != nullptr && !home_.empty()) find_from_home(start->spec, home_);
            for (const Command& due : trees_->pass(std::move(command))) {
                slots_.perform(now(), due);
            }
        }
        for (const Message& message : effects.send) broker_->send(encode(message));
        for (const std::string& refusal : effects.refusals) {
            if (refusal != std::exchange(refused_, refusal)) warn("the broker refuses: " + refusal);
        }
    }

    void wait(Instant leave_by) {
        std::vector<zmq::pollitem_t> items = {broker_->poll_item(),
                                              {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0},
                                              {nullptr, trees_->descriptor(), ZMQ_POLLIN, 0}};
        if (alone_at_ != never && leave_by == never) {
            items.push_back({nullptr, STDIN_FILENO, ZMQ_POLLIN, 0});
        }
        if (topics_) items.push_back(topics_->poll_item());
        if (handshakes_) items.push_back(handshakes_->poll_item());
        Instant until = std::min({core_.next_deadline(), slots_.next_deadline(), leave_by,
                                  alone_at_, retry_at_, look_at_disk_});
        if (leave_by == never) until = std::min(until, staying_.next_deadline());
        if (now() < listen_at_) {
            until = std::min(until, listen_at_);
        } else {
            for (const auto& [descriptor, write] : slots_.watched()) {
                const short events = write ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
                items.push_back({nullptr, descriptor, events, 0});
            }
        }
        wait_for(items, until == never ? std::chrono::hours(1) : until - now());
    }

    Notices notices_;
    Signals signals_;
    Slots slots_;
    std::optional<Context> context_;
    std::optional<Dealer> broker_;
    std::optional<Handshakes> handshakes_;
    std::optional<Admission> admission_;
    Instant retry_at_ = never;
    std::string refused_;  // the last reason, which is said once
    std::string endpoint_;
    std::optional<Token> credentials_;
    std::optional<Subscriber> topics_;
    std::string topics_at_;
    std::optional<Trees> trees_;
    bool serves_one_ = false;
    Worker core_;
    Staying staying_;
    bool drains_ = false;
    DiskSpace disk_space_;
    Instant look_at_disk_;
    std::string trouble_;  // with the disk
    Instant listen_at_;
    Instant alone_at_ = never;  // then the broker has been silent for too long
    std::string home_;          // that names of the client's are relative to; empty: they are not
    int code_ = 0;
};

}  // namespace

int run(const Options& options) {
    return run_told(Notices("worker", options.log_json), [&] {
        if (options.listen) return listen(options);
        adopt_orphans();
        const int code = Loop(options).run();
        end_descendants(descendants_grace);
        return code;
    });
}

}  // namespace xgrid::worker
