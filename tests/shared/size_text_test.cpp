#include "shared/size_text.hpp"

#include <doctest/doctest.h>

using xgrid::bytes_from;

TEST_CASE("sizes are read as users write them") {
    CHECK(bytes_from("0") == 0);
    CHECK(bytes_from("123") == 123);
    CHECK(bytes_from("7B") == 7);
    CHECK(bytes_from("1k") == 1024);
    CHECK(bytes_from("500M") == 500ULL << 20);
    CHECK(bytes_from("20GB") == 20ULL << 30);
    CHECK(bytes_from("2t") == 2ULL << 40);
    CHECK(bytes_from("18446744073709551615") == UINT64_MAX);
    for (const char* text : {"", "G", "-1", "1.5G", "1 G", "1X", "1GG", "1GBB", "1BB", "x1", "1MG",
                             "18446744073709551616", "16777216T"}) {
        CAPTURE(text);
        CHECK_FALSE(bytes_from(text));
    }
}
