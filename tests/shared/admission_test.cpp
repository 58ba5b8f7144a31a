#include "shared/admission.hpp"

#include <doctest/doctest.h>

#include "shared/key_words.hpp"

using namespace std::chrono_literals;
using namespace xgrid;

namespace {

constexpr Instant start = Instant(1h);

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("who is denied is told which key to have allowed, once") {
    const CurveKey own{1};
    Admission admission("tcp://grid:7555", own);
    const std::string why = admission.hear(start, Handshake::denied);
    CHECK(has(why, "tcp://grid:7555"));
    CHECK(has(why, "xgrid keys allow " + text_of_public(own)));
    CHECK(admission.hear(start, Handshake::denied).empty());
    CHECK(admission.hear(start, Handshake::done).empty());
    CHECK_FALSE(admission.hear(start, Handshake::denied).empty());
}

TEST_CASE("connections that are cut for long are a wrong key, or none") {
    Admission without("tcp://grid:7555", std::nullopt);
    CHECK(without.hear(start, Handshake::cut).empty());
    CHECK(without.hear(start + 2s, Handshake::cut).empty());
    CHECK(without.hear(start + 2s, Handshake::refused).empty());  // it is to try again
    CHECK(without.hear(start + Admission::cuts_span - 1ms, Handshake::cut).empty());
    CHECK(has(without.hear(start + Admission::cuts_span, Handshake::cut), "--broker-key"));
    Admission with("tcp://grid:7555", CurveKey{1});
    CHECK(has(with.hear(start, Handshake::failed), "another key"));
}

TEST_CASE(
    "a broker that was there, and is away behind a tunnel that drops connections, is waited for") {
    Admission admission("tcp://grid:7555", std::nullopt);
    CHECK(admission.hear(start, Handshake::done).empty());
    for (auto at = start; at < start + Admission::later_cuts_span; at += 10ms) {
        CHECK(admission.hear(at, Handshake::cut).empty());
    }
    CHECK(admission.hear(start + 61s, Handshake::done).empty());
    for (auto at = start + 62s; at < start + 122s; at += 1s) {
        CHECK(admission.hear(at, Handshake::cut).empty());
    }
    CHECK_FALSE(admission.hear(start + 122s, Handshake::cut).empty());
}

TEST_CASE("a broker that is away is no trouble with keys") {
    Admission admission("tcp://grid:7555", CurveKey{1});
    for (int i = 0; i < 100; ++i) {
        CHECK(admission.hear(start + i * 1s, Handshake::refused).empty());
        CHECK(admission.hear(start + i * 1s, Handshake::lost).empty());
    }
    CHECK(admission.hear(start + 100s, Handshake::cut).empty());
    CHECK(admission.hear(start + 110s, Handshake::cut).empty());
}
