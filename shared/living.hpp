// Which of the processes that share a folder are alive: each has a file there, and holds a lock on
// it for as long as it lives. Knows nothing of what they share.
//
// Rejected: process ids. They are given out again, mean another process in another container, and
// need a start time, a boot and an expiry beside them; the kernel drops a lock whatever ends its
// holder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/file.hpp"
#include "shared/result.hpp"

namespace xgrid {

class Living {
public:
    /// This process is alive under a new name from now until this is gone. The folder is there.
    static Result<Living> enter(const std::filesystem::path& folder);
    Living(Living&& other) noexcept
        : name_(std::move(other.name_)), file_(std::exchange(other.file_, std::nullopt)) {}
    Living& operator=(Living&&) = delete;
    ~Living();

    const std::string& name() const { return name_; }

    /// The names of those who are alive, this process among them; removes the files of the others.
    static std::vector<std::string> all(const std::filesystem::path& folder);

private:
    Living(std::string name, File file) : name_(std::move(name)), file_(std::move(file)) {}

    std::string name_;
    std::optional<File> file_;
};

}  // namespace xgrid
