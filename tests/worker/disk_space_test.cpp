#include "worker/disk_space.hpp"

#include <cstdint>
#include <filesystem>

#include <doctest/doctest.h>

using namespace xgrid::worker;

namespace {

const std::filesystem::path somewhere = std::filesystem::temp_directory_path() / "not" / "there";

}  // namespace

TEST_CASE("a disk with room is no trouble, also where the folder is still to be made") {
    CHECK(DiskSpace({somewhere}, 1).trouble().empty());
    CHECK(DiskSpace({somewhere}, 0).trouble().empty());
}

TEST_CASE("a disk without is, with numbers") {
    const std::string trouble = DiskSpace({somewhere}, std::uint64_t{1} << 60).trouble();
    CHECK(trouble.starts_with("only "));
    CHECK(trouble.find(" MB are free in " + somewhere.string() + ", and 1099511627776 MB") !=
          std::string::npos);
}
