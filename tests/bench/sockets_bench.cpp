// A real broker with hundreds of workers over TCP, beside a bare ROUTER that answers as many
// DEALERs with as many bytes, turn about. What it stands for: how many jobs a second one broker
// hands out, and how long a slot that is free waits for its next job.
//
//   sockets_bench XGRID [WORKERS] [JOBS] [ROUNDS] [JOB_MS]
//
// Workers have one slot each, are in one thread of this process, and say what real ones say; each
// job is a unit with one test. JOB_MS is how long a job takes: with 0 the broker is busy all the
// time.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/ensure.hpp"
#include "shared/socket.hpp"

namespace {

using namespace xgrid;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int units_per_fact = 5'000;
constexpr auto patience = std::chrono::minutes(5);
constexpr auto heartbeat = std::chrono::seconds(1);

struct Options {
    std::string xgrid;
    std::size_t workers = 500;
    std::size_t jobs = 20'000;
    int rounds = 3;
    std::chrono::milliseconds job{0};
};

struct Figures {
    double seconds = 0;
    double server_cpu = 0;         // of the broker or the relay, in seconds
    std::vector<double> waits_us;  // of a slot, from saying that it is free to having a job
    std::size_t jobs = 0;
    std::size_t bytes_said = 0;  // a message, in the mean
    std::size_t bytes_heard = 0;

    double share(double part) {
        if (waits_us.empty()) return 0;
        std::ranges::sort(waits_us);
        return waits_us[static_cast<std::size_t>(part * static_cast<double>(waits_us.size() - 1))];
    }
};

std::size_t bytes_of(const Frames& frames) {
    std::size_t total = 0;
    for (const std::string& frame : frames) total += frame.size();
    return total;
}

std::string free_endpoint() {
    Context context;
    return Router(context, "tcp://127.0.0.1:*").endpoint();
}

double seconds_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

// A process that is killed in the end, and what it has used.
class Server {
public:
    template <class Run>
    explicit Server(const Run& run) : pid_(fork()) {
        if (pid_ != 0) return;
        run();
        _exit(1);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() { end(); }

    double end() {
        if (pid_ <= 0) return 0;
        kill(pid_, SIGTERM);
        rusage used{};
        ensure(wait4(std::exchange(pid_, 0), nullptr, 0, &used) > 0, "what was started ends");
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        return seconds(used.ru_utime) + seconds(used.ru_stime);
    }

private:
    pid_t pid_;
};

// ---- Workers of a broker

class BenchWorker {
public:
    BenchWorker(Context& context, const std::string& endpoint, std::size_t number,
                const Options& options)
        : dealer_(context, endpoint),
          session_(fmt::format("worker-{:05}", number)),
          options_(options) {}

    // True if something happened.
    bool step(Clock::time_point now, Figures& figures) {
        bool news = false;
        while (const std::optional<Received> received = dealer_.receive()) {
            figures.bytes_heard += received->bytes();
            ++heard_;
            hear(now, *received, figures);
            news = true;
        }
        if (!running_.empty() && now >= ends_at_) {
            finish(now);
            news = true;
        }
        if (says_ || now >= say_by_) say(now, figures);
        return news;
    }
    std::size_t said() const { return said_; }
    std::size_t heard() const { return heard_; }
    bool knows_broker() const { return !broker_.empty(); }

private:
    struct Held {
        JobBody body;
        std::vector<Fact> facts;  // all, once it is done
        bool told = false;
    };

    void hear(Clock::time_point now, const Received& received, Figures& figures) {
        Result<Message> message = decode(received.views());
        ensure(static_cast<bool>(message), "what a broker says can be decoded");
        if (const auto* welcome = std::get_if<Welcome>(&*message)) {
            broker_ = welcome->broker;
            says_ = true;
        }
        const auto* orders = std::get_if<Orders>(&*message);
        if (orders == nullptr || orders->session != session_) return;
        runs_.clear();
        for (const RunOrders& run : orders->runs) runs_.push_back(run.run);
        std::map<AttemptId, Held> held;
        for (const AttemptOrders& order : orders->attempts) {
            const auto found = held_.find(order.id);
            if (found != held_.end()) {
                held.insert(held_.extract(found));
            } else if (order.body) {
                held[order.id].body = *order.body;
                running_.push_back(order.id);
                says_ = true;
                if (free_since_) {
                    figures.waits_us.push_back(1e6 * seconds_between(*free_since_, now));
                    free_since_.reset();
                }
            }
        }
        held_ = std::move(held);
        std::erase_if(running_, [&](const AttemptId& id) { return !held_.contains(id); });
        if (!running_.empty() && ends_at_ == Clock::time_point::max()) begin(now);
    }

    void begin(Clock::time_point now) { ends_at_ = now + options_.job; }

    void finish(Clock::time_point now) {
        Held& held = held_.at(running_.front());
        running_.pop_front();
        if (held.body.kind == JobKind::enumerate) {
            for (std::size_t i = 0; i < options_.jobs; i += units_per_fact) {
                UnitsNamed named;
                for (std::size_t j = i; j < std::min(options_.jobs, i + units_per_fact); ++j) {
                    named.units.push_back(fmt::format("tests/package/test_{:06}.py", j));
                }
                held.facts.emplace_back(std::move(named));
            }
        } else if (held.body.kind == JobKind::unit) {
            held.facts.emplace_back(TestsFound{{{held.body.unit + "::test_x"}}});
            held.facts.emplace_back(Finished{0, {.seconds = {0.000123, 0.004567, 0.000089}}});
        }
        held.facts.emplace_back(Ended{});
        says_ = true;
        ends_at_ = Clock::time_point::max();
        if (running_.empty()) {
            if (held.body.kind == JobKind::unit) free_since_ = now;
        } else {
            begin(now);
        }
    }

    void say(Clock::time_point now, Figures& figures) {
        const bool again = now >= say_by_;
        Status status{.session = session_,
                      .number = ++number_,
                      .broker = broker_,
                      .slots = 1,
                      .host = "build-17",
                      .runs = runs_};
        for (auto& [id, held] : held_) {
            AttemptStatus& about = status.attempts.emplace_back(AttemptStatus{.id = id});
            if (again || !std::exchange(held.told, !held.facts.empty())) about.facts = held.facts;
        }
        Frames frames = encode(Message(std::move(status)));
        figures.bytes_said += bytes_of(frames);
        ++said_;
        dealer_.send(frames);
        says_ = false;
        say_by_ = now + heartbeat;
    }

    Dealer dealer_;
    std::string session_;
    const Options& options_;
    std::string broker_;
    std::uint64_t number_ = 0;
    std::vector<std::string> runs_;
    std::map<AttemptId, Held> held_;
    std::deque<AttemptId> running_;  // in order, and not done
    Clock::time_point ends_at_ = Clock::time_point::max();
    Clock::time_point say_by_;
    std::optional<Clock::time_point> free_since_;
    bool says_ = true;
    std::size_t said_ = 0;
    std::size_t heard_ = 0;
};

class BenchClient {
public:
    BenchClient(Context& context, const std::string& endpoint, std::size_t slots, bool stays)
        : dealer_(context, endpoint),
          submit_{.run = "0123456789abcdef0123456789abcdef",
                  .spec = {.slots = static_cast<std::uint32_t>(slots)},
                  .order = {.title = "bench", .stays = stays}} {}

    bool step(Clock::time_point now) {
        bool news = false;
        while (const std::optional<Received> received = dealer_.receive()) {
            Result<Message> message = decode(received->views());
            ensure(static_cast<bool>(message), "what a broker says can be decoded");
            if (const auto* progress = std::get_if<Progress>(&*message)) take(*progress);
            news = true;
        }
        if (now < say_at_) return news;
        if (have_ == 0) dealer_.send(encode(Message(submit_)));
        dealer_.send(encode(Message(Follow{.run = submit_.run, .have = have_})));
        say_at_ = now + std::chrono::milliseconds(200);
        return news;
    }
    std::size_t finished() const { return finished_; }
    bool over() const { return over_; }

private:
    void take(const Progress& progress) {
        for (std::size_t i = 0; i < progress.events.size(); ++i) {
            if (progress.first + i != have_) continue;
            ++have_;
            if (std::holds_alternative<TestFinished>(progress.events[i])) ++finished_;
            const auto* end = std::get_if<RunFinished>(&progress.events[i]);
            if (end != nullptr && end->end != RunEnd::completed) {
                fmt::print(stderr, "the run has failed: {}\n", end->reason);
                std::exit(1);
            }
            over_ = over_ || end != nullptr;
        }
    }

    Dealer dealer_;
    Submit submit_;
    Clock::time_point say_at_;
    std::uint64_t have_ = 0;
    std::size_t finished_ = 0;
    bool over_ = false;
};

Figures broker_round(const Options& options, bool stays) {
    const std::string endpoint = free_endpoint();
    const fs::path data = fs::temp_directory_path() / fmt::format("sockets-bench-{}", getpid());
    Server server([&] {
        execl(options.xgrid.c_str(), "xgrid", "broker", "--bind", endpoint.c_str(), "--data",
              data.c_str(), nullptr);
    });
    Figures figures;
    {
        Context context;
        std::vector<std::unique_ptr<BenchWorker>> workers;
        for (std::size_t i = 0; i < options.workers; ++i) {
            workers.push_back(std::make_unique<BenchWorker>(context, endpoint, i, options));
        }
        const auto deadline = Clock::now() + patience;
        const auto sweep = [&] {
            ensure(Clock::now() < deadline, "it does not take for ever");
            bool news = false;
            for (auto& worker : workers) news = worker->step(Clock::now(), figures) || news;
            return news;
        };
        const auto pause = [] { std::this_thread::sleep_for(std::chrono::microseconds(50)); };
        while (!std::ranges::all_of(workers, [](auto& one) { return one->knows_broker(); })) {
            if (!sweep()) pause();
        }
        BenchClient client(context, endpoint, options.workers, stays);
        figures = {};
        const auto begun = Clock::now();
        while (!client.over()) {
            const bool news = sweep();
            if (!client.step(Clock::now()) && !news) pause();
        }
        figures.seconds = seconds_between(begun, Clock::now());
        figures.jobs = client.finished();
        std::size_t said = 0;
        std::size_t heard = 0;
        for (auto& worker : workers) said += worker->said(), heard += worker->heard();
        figures.bytes_said /= std::max<std::size_t>(said, 1);
        figures.bytes_heard /= std::max<std::size_t>(heard, 1);
    }
    figures.server_cpu = server.end();
    fs::remove_all(data);
    return figures;
}

// ---- The bare relay

[[noreturn]] void relay(const std::string& endpoint, std::size_t bytes) {
    zmq::context_t context;
    zmq::socket_t router(context, zmq::socket_type::router);
    router.set(zmq::sockopt::backlog, 4096);
    router.bind(endpoint);
    while (true) {
        zmq::message_t peer;
        zmq::message_t message;
        if (!router.recv(peer) || !router.recv(message)) continue;
        router.send(peer, zmq::send_flags::sndmore);
        router.send(zmq::message_t(bytes), zmq::send_flags::none);
    }
}

class BareWorker {
public:
    BareWorker(zmq::context_t& context, const std::string& endpoint, const Options& options,
               std::size_t bytes)
        : dealer_(context, zmq::socket_type::dealer), options_(options), bytes_(bytes) {
        dealer_.set(zmq::sockopt::linger, 0);
        dealer_.connect(endpoint);
        say(Clock::now());
    }
    bool step(Clock::time_point now, Figures& figures) {
        bool news = false;
        zmq::message_t message;
        while (dealer_.recv(message, zmq::recv_flags::dontwait)) {
            figures.waits_us.push_back(1e6 * seconds_between(said_at_, now));
            ++figures.jobs;
            ends_at_ = now + options_.job;
            news = true;
        }
        if (now >= ends_at_) say(now), news = true;
        return news;
    }

private:
    void say(Clock::time_point now) {
        dealer_.send(zmq::message_t(bytes_), zmq::send_flags::none);
        said_at_ = now;
        ends_at_ = Clock::time_point::max();
    }

    zmq::socket_t dealer_;
    const Options& options_;
    std::size_t bytes_;
    Clock::time_point said_at_;
    Clock::time_point ends_at_;
};

Figures relay_round(const Options& options, std::size_t bytes_said, std::size_t bytes_heard) {
    const std::string endpoint = free_endpoint();
    Server server([&] { relay(endpoint, bytes_heard); });
    Figures figures;
    {
        zmq::context_t context;
        std::vector<std::unique_ptr<BareWorker>> workers;
        for (std::size_t i = 0; i < options.workers; ++i) {
            workers.push_back(std::make_unique<BareWorker>(context, endpoint, options, bytes_said));
        }
        const auto sweep = [&] {
            bool news = false;
            for (auto& worker : workers) news = worker->step(Clock::now(), figures) || news;
            if (!news) std::this_thread::sleep_for(std::chrono::microseconds(50));
        };
        while (figures.jobs < options.workers) sweep();  // until all are there
        figures = {};
        const auto begun = Clock::now();
        while (figures.jobs < options.jobs) sweep();
        figures.seconds = seconds_between(begun, Clock::now());
    }
    figures.server_cpu = server.end();
    return figures;
}

// ---- Results

template <class Figure>
double median(std::vector<Figures>& rounds, const Figure& figure) {
    std::vector<double> all;
    for (Figures& one : rounds) all.push_back(figure(one));
    std::ranges::sort(all);
    return all[all.size() / 2];
}

void show(const std::string& name, std::vector<Figures>& rounds) {
    fmt::print(
        "| {} | {:.0f} | {:.0f} | {:.2f} | {:.2f} |\n", name,
        median(rounds, [](Figures& one) { return static_cast<double>(one.jobs) / one.seconds; }),
        median(rounds,
               [](Figures& one) { return 1e6 * one.server_cpu / static_cast<double>(one.jobs); }),
        median(rounds, [](Figures& one) { return one.share(0.5) / 1e3; }),
        median(rounds, [](Figures& one) { return one.share(0.99) / 1e3; }));
}

double load() {
    double loads[1] = {0};
    return getloadavg(loads, 1) == 1 ? loads[0] : 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty() || words.size() > 5) {
        fmt::print(stderr, "usage: sockets_bench XGRID [WORKERS] [JOBS] [ROUNDS] [JOB_MS]\n");
        return 4;
    }
    raise_descriptor_limit();
    Options options{.xgrid = words[0]};
    if (words.size() > 1) options.workers = std::stoul(words[1]);
    if (words.size() > 2) options.jobs = std::stoul(words[2]);
    if (words.size() > 3) options.rounds = std::stoi(words[3]);
    if (words.size() > 4) options.job = std::chrono::milliseconds(std::stol(words[4]));
    std::vector<Figures> relays;
    std::vector<Figures> without;
    std::vector<Figures> with;
    for (int i = 0; i < options.rounds; ++i) {
        without.push_back(broker_round(options, false));
        with.push_back(broker_round(options, true));
        relays.push_back(
            relay_round(options, without.back().bytes_said, without.back().bytes_heard));
    }
    fmt::print(
        "{} workers, {} jobs of {} ms, {} rounds, load {:.1f}; {} bytes said and {} heard "
        "a message\n\n",
        options.workers, options.jobs, options.job.count(), options.rounds, load(),
        without.back().bytes_said, without.back().bytes_heard);
    fmt::print(
        "| | jobs/s | server's CPU a job (us) | free to job, p50 (ms) | p99 (ms) |\n"
        "|---|---|---|---|---|\n");
    show("bare relay", relays);
    show("broker", without);
    show("broker, with its journal", with);
    return 0;
}
