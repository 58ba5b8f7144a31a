#include "shared/admission.hpp"

#include <doctest/doctest.h>

#include "shared/key_words.hpp"

using namespace xgrid;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("who is denied is told which key to have allowed, once") {
    const CurveKey own{1};
    Admission admission("tcp://grid:7555", own);
    const std::string why = admission.hear(Handshake::denied);
    CHECK(has(why, "tcp://grid:7555"));
    CHECK(has(why, "xgrid keys allow " + text_of_public(own)));
    CHECK(admission.hear(Handshake::denied).empty());
    CHECK(admission.hear(Handshake::done).empty());
    CHECK_FALSE(admission.hear(Handshake::denied).empty());
}

TEST_CASE("connections that are cut again and again are a wrong key, or none") {
    Admission without("tcp://grid:7555", std::nullopt);
    CHECK(without.hear(Handshake::cut).empty());
    CHECK(without.hear(Handshake::cut).empty());
    CHECK(has(without.hear(Handshake::cut), "--broker-key"));
    Admission with("tcp://grid:7555", CurveKey{1});
    CHECK(has(with.hear(Handshake::failed), "another key"));
}

TEST_CASE("a broker that is away is no trouble with keys") {
    Admission admission("tcp://grid:7555", CurveKey{1});
    for (int i = 0; i < 100; ++i) {
        CHECK(admission.hear(Handshake::refused).empty());
        CHECK(admission.hear(Handshake::lost).empty());
    }
    CHECK(admission.hear(Handshake::cut).empty());
}
