#include "shared/whole_file.hpp"

#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

#include "shared/text_file.hpp"

using namespace xgrid;

TEST_CASE("all of a file, also where nothing is in it or the kernel makes it up") {
    char path[] = "/tmp/xgrid-whole-XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    CHECK(whole_file(path) == "");
    REQUIRE(write(file, "a\0b\n", 4) == 4);
    CHECK(whole_file(path) == std::string("a\0b\n", 4));
    close(file);
    unlink(path);
    CHECK(whole_file("/proc/self/stat")->ends_with("\n"));
}

TEST_CASE("what cannot be read is no file, and nothing is thrown") {
    CHECK_FALSE(whole_file("/nonexistent"));
    CHECK_FALSE(whole_file("/tmp"));
    // Opened, and then an error: as in /proc of a process that is gone meanwhile.
    CHECK_FALSE(whole_file("/proc/self/mem"));
    CHECK_FALSE(read_text("/proc/self/mem"));
}
