// Whether the disks that tests need have room left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xgrid::worker {

class DiskSpace {
public:
    /// So many bytes are to be free in each of these folders, or where they will be.
    DiskSpace(std::vector<std::filesystem::path> folders, std::uint64_t free_least)
        : folders_(std::move(folders)), free_least_(free_least) {}

    /// What is lacking, with numbers; empty: nothing. Once something was, a quarter more has to be
    /// free than else, so that it does not come and go.
    std::string trouble();

private:
    std::vector<std::filesystem::path> folders_;
    std::uint64_t free_least_;
    bool lacks_ = false;
};

}  // namespace xgrid::worker
