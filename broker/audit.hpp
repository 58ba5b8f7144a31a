// A log of who did what: a file that is only ever appended to, and set aside when it is long.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "broker/occurrence.hpp"

namespace xgrid::broker {

class Audit {
public:
    static constexpr std::uint64_t file_bytes_max = 10 * 1024 * 1024;
    /// So many older ones are kept: FILE.1 is the latest of them.
    static constexpr int older_max = 5;

    explicit Audit(std::filesystem::path file) : file_(std::move(file)) {}

    /// Time in seconds since 1970. Not empty: why they are not in it; said once, as long as it
    /// stays so.
    std::string add(std::int64_t time, const std::vector<Occurrence>& occurrences);

private:
    void set_aside() const;

    std::filesystem::path file_;
    std::string said_;
};

}  // namespace xgrid::broker
