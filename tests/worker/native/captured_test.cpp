#include "worker/frameworks/native/captured.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace xgrid::worker::native;

TEST_CASE("little is kept as it is") {
    Captured captured;
    CHECK(captured.empty());
    captured.add("one\n");
    captured.add(std::string("two\0", 4));
    CHECK(captured.text() == std::string("one\ntwo\0", 8));
}

TEST_CASE("of much the beginning and the end are kept, and the cut is said") {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{3'000'000}}) {
        Captured captured;
        std::string all;
        while (all.size() < 3'000'000) all += std::to_string(all.size()) + "\n";
        for (std::size_t from = 0; from < all.size(); from += piece) {
            captured.add(std::string_view(all).substr(from, piece));
        }
        const std::string text = captured.text();
        CHECK(text.size() < 600'000);
        CHECK(text.starts_with(all.substr(0, 200'000)));
        CHECK(text.ends_with(all.substr(all.size() - 200'000)));
        CHECK(text.find(" bytes were cut here") != std::string::npos);
    }
}
