// A peer that means no good, over real sockets. What it does is said in words; ends with 0 and a
// line of JSON when all of it is done.
//
//   stranger ENDPOINT WHAT COUNT SEED [BROKER_KEY KEY_FILE]
//
//   nonsense   random frames, and messages of every kind with bytes changed; now and then a new
//              connection
//   statuses   of a worker without slots, as fast as they go
//   submits    runs without anything in them, each with another id
//   asks       questions, the answers to which are never read
//   follows    of the run whose id is in RUN, from its first event on, without ever reading one
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/credentials.hpp"
#include "shared/ensure.hpp"
#include "shared/socket.hpp"
#include "tests/shared/samples.hpp"
#include "tests/simulation/random.hpp"

namespace {

using namespace xgrid;
using simulation::Random;

constexpr std::uint64_t messages_per_connection = 2'000;
constexpr auto stuck_max = std::chrono::seconds(5);  // a full pipe that nothing leaves

class Stranger {
public:
    Stranger(std::string endpoint, std::uint64_t seed, std::optional<Token> token)
        : endpoint_(std::move(endpoint)), token_(std::move(token)), random_(seed) {
        connect();
    }

    // False: nothing is taken from us any more.
    bool say(const Frames& frames) {
        const auto since = std::chrono::steady_clock::now();
        while (!dealer_->send(frames)) {
            if (std::chrono::steady_clock::now() > since + stuck_max) return false;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            if (!deaf_) listen();
        }
        ++sent_;
        if (!deaf_ && sent_ % 16 == 0) listen();
        return true;
    }

    bool nonsense() {
        if (sent_ % messages_per_connection == messages_per_connection - 1) connect();
        return say(made_up());
    }
    bool status() {
        return say(encode(Message(Status{.session = "flood", .number = ++number_, .host = "x"})));
    }
    bool submit() {
        return say(encode(Message(Submit{.run = fmt::format("{:032x}", random_.next()),
                                         .spec = {.slots = 1},
                                         .order = {.title = "tiny", .stays = true}})));
    }
    bool ask() { return say(encode(Message(Ask{++number_, Question::runs, ""}))); }
    bool follow(const std::string& run) { return say(encode(Message(Follow{.run = run}))); }

    void be_deaf() {
        deaf_ = true;
        connect();
    }
    void listen() {
        while (dealer_->receive()) ++heard_;
    }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t heard() const { return heard_; }

private:
    void connect() {
        dealer_.emplace(context_, token_);
        // So much waits here, and all else at the broker.
        if (deaf_) dealer_->socket().set(zmq::sockopt::rcvhwm, 1);
        if (deaf_) dealer_->socket().set(zmq::sockopt::rcvbuf, 4096);
        dealer_->connect(endpoint_);
    }

    Frames made_up() {
        if (random_.chance(0.1)) return random_frames();
        static const std::vector<Message> samples = samples::messages();
        Frames frames = encode(samples[random_.below(samples.size())]);
        for (std::uint64_t n = random_.below(4); n > 0; --n) {
            // Mostly in the body: other versions and kinds are told at once.
            damage(frames[random_.chance(0.9) ? 2 : random_.below(frames.size())]);
        }
        return frames;
    }

    Frames random_frames() {
        Frames frames(1 + random_.below(6));
        for (std::string& frame : frames) {
            frame.resize(random_.chance(0.01) ? random_.below(300'000) : random_.below(60));
            for (char& byte : frame) byte = static_cast<char>(random_.below(256));
        }
        return frames;
    }

    void damage(std::string& body) {
        static constexpr std::array<std::uint8_t, 10> telling = {0x00, 0x01, 0x7F, 0x80, 0x90,
                                                                 0xA0, 0xC0, 0xCF, 0xDD, 0xFF};
        if (body.empty()) return;
        const std::size_t at = random_.below(body.size());
        switch (random_.below(4)) {
            case 0: body[at] = static_cast<char>(body[at] ^ (1 << random_.below(8))); return;
            case 1: body[at] = static_cast<char>(telling.at(random_.below(telling.size()))); return;
            case 2: body.insert(at, 1, static_cast<char>(random_.below(256))); return;
            default: body.erase(at, 1 + random_.below(3)); return;
        }
    }

    std::string endpoint_;
    std::optional<Token> token_;
    Random random_;
    Context context_;
    std::optional<Dealer> dealer_;
    bool deaf_ = false;
    std::uint64_t number_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t heard_ = 0;
};

bool say_one(Stranger& stranger, const std::string& what) {
    if (what == "nonsense") return stranger.nonsense();
    if (what == "statuses") return stranger.status();
    if (what == "submits") return stranger.submit();
    if (what == "asks") return stranger.ask();
    if (what == "follows") return stranger.follow(std::getenv("RUN"));
    throw Fatal("no such thing can be done: " + what, 4);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() != 4 && words.size() != 6) return 4;
    try {
        std::optional<Token> token;
        if (words.size() == 6) {
            token = credentials_for(words[0], {.broker_key = words[4], .key = words[5]});
        }
        Stranger stranger(words[0], std::stoull(words[3]), token);
        if (words[1] == "asks" || words[1] == "follows") stranger.be_deaf();
        const auto begun = std::chrono::steady_clock::now();
        bool taken = true;
        for (std::uint64_t i = std::stoull(words[2]); i > 0 && taken; --i) {
            taken = say_one(stranger, words[1]);
        }
        stranger.listen();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        fmt::print("{{\"sent\": {}, \"heard\": {}, \"stuck\": {}, \"seconds\": {:.3f}}}\n",
                   stranger.sent(), stranger.heard(), !taken, took.count());
    } catch (const Fatal& error) {
        std::cerr << error.what() << "\n";
        return error.exit_code;
    }
    return 0;
}
