// What the fuzzer of messages does for hours, for a second and from a fixed seed.
#include "tests/fuzz/conversation.hpp"

#include <array>
#include <optional>

#include <doctest/doctest.h>

#include "shared/codec.hpp"
#include "tests/shared/samples.hpp"
#include "tests/simulation/random.hpp"

using namespace xgrid;
using namespace xgrid::fuzz;

namespace {

using simulation::Random;

constexpr std::size_t conversations = 400;
constexpr std::size_t messages_per_conversation = 50;

template <class T>
const T& one_of(Random& random, const std::vector<T>& items) {
    return items[random.below(items.size())];
}

// A sample, and most often a status, with a few facts of each kind: with all of them every status
// would end a run.
Message draw(Random& random) {
    static const std::vector<Message> samples = samples::messages();
    static const std::vector<Fact> facts = samples::facts();
    Message message = random.chance(0.7) ? Message(Status{.slots = 2}) : one_of(random, samples);
    if (auto* submit = std::get_if<Submit>(&message)) {
        submit->spec.collect_only = random.chance(0.1);
        submit->spec.failures_max = static_cast<std::uint32_t>(random.below(4));
        submit->spec.crashes_max = static_cast<std::uint32_t>(random.below(4));
    }
    if (auto* status = std::get_if<Status>(&message)) {
        status->attempts.clear();
        for (std::uint64_t jobs = random.below(3); jobs > 0; --jobs) {
            const std::uint64_t job = random.below(4);
            AttemptStatus& about = status->attempts.emplace_back(AttemptStatus{{job, 1}, 0, {}});
            for (std::uint64_t n = random.below(4); n > 0; --n) {
                about.facts.push_back(one_of(random, facts));
                if (auto* ended = std::get_if<Ended>(&about.facts.back())) {
                    ended->end = static_cast<End>(random.below(6));
                }
            }
        }
    }
    return message;
}

void damage(Random& random, std::string& body) {
    static constexpr std::array<std::uint8_t, 10> telling = {0x00, 0x01, 0x7F, 0x80, 0x90,
                                                             0xA0, 0xC0, 0xCF, 0xDD, 0xFF};
    if (body.empty()) return;
    const std::size_t at = random.below(body.size());
    switch (random.below(4)) {
        case 0: body[at] = static_cast<char>(body[at] ^ (1 << random.below(8))); return;
        case 1: body[at] = static_cast<char>(telling.at(random.below(telling.size()))); return;
        case 2: body.insert(at, 1, static_cast<char>(random.below(256))); return;
        default: body.erase(at, 1 + random.below(3)); return;
    }
}

Duration pause(Random& random) {
    if (random.chance(0.02)) return std::chrono::seconds(11);  // a worker's lease is over
    if (random.chance(0.01)) return std::chrono::seconds(61);  // a client's lease is over
    return random.between(Duration(0), std::chrono::milliseconds(20));
}

// How many of the messages could be decoded.
std::size_t play(Random& random) {
    std::size_t understood = 0;
    Conversation conversation;
    for (std::size_t i = 0; i < messages_per_conversation; ++i) {
        std::vector<std::string> frames = encode(draw(random));
        for (std::uint64_t n = random.below(3); n > 0; --n) damage(random, frames[2]);
        Result<Message> message = decode({frames.begin(), frames.end()});
        if (message) {
            ++understood;
            check_round_trip(*message);
            conversation.hear(std::move(*message),
                              random.chance(0.8) ? Voice::insider : Voice::stranger);
        }
        conversation.wait(pause(random));
    }
    return understood;
}

}  // namespace

TEST_CASE("hostile messages break no rule of the broker, the worker or the client") {
    std::size_t understood = 0;
    for (std::uint64_t seed = 1; seed <= conversations; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        REQUIRE_NOTHROW(understood += play(random));
    }
    // Else the damage is too great to tell us anything.
    CHECK(understood > conversations * messages_per_conversation / 3);
}
