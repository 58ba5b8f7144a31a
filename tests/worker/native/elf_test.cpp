#include "worker/frameworks/native/elf.hpp"

#include <filesystem>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "shared/mapped_file.hpp"

using namespace xgrid;
using namespace xgrid::worker::native;

TEST_CASE("this program's own file has a fingerprint, and a build id where its linker gives one") {
    const std::filesystem::path own = "/proc/self/exe";
    const MappedFile file(own);
    REQUIRE(file.text().size() > 1000);
    const std::string id = build_id(file.text());
    const std::string print = content_fingerprint(own);
    CHECK_FALSE(print.empty());
    if (!id.empty()) {
        CHECK(id == print);
        CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    }
    CHECK(content_fingerprint("/nonexistent").empty());
}

TEST_CASE("a broken file has no build id, and is not read beyond its end") {
    const MappedFile file("/proc/self/exe");
    const std::string head(file.text().substr(0, 4096));
    std::mt19937 random(1);
    CHECK(build_id("").empty());
    CHECK(build_id("#!/bin/sh\n").empty());
    for (int round = 0; round < 5000; ++round) {
        std::string text = head.substr(0, random() % head.size());
        for (int change = 0; change < 8 && text.size() > 20; ++change) {
            text[16 + random() % (text.size() - 16)] = static_cast<char>(random());
        }
        CHECK(build_id(text).size() <= 2 * text.size());
    }
}
