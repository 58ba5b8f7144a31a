// This program as it travels to a host that lacks it: itself, every shared library that it has
// loaded, and the loader, so that what is installed there does not matter. Named by its content.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "shared/descriptor.hpp"
#include "shared/digest.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

struct Program {
    ObjectId id;  // of its tar, as a blob
    std::uint64_t bytes = 0;
    std::string loader;  // its name in the tar; empty: there is none
    std::string system;  // as `uname -s -m` has it
};

/// Its tar: files of settled names, owners, and times.
Result<std::string> program_tar();

/// As gzip has it; for small use of the network rather than of time.
std::string gzipped(const std::string& bytes);

/// The program, looked at on a thread of its own; its bytes only once somebody needs them. Its end
/// waits for what is under way, some tenths of a second.
class ProgramTask {
public:
    ProgramTask();

    /// Readable when there is something new.
    int descriptor() const;
    void take_notice();

    std::optional<Result<Program>> program() const;

    /// None: not yet; they are being made then. Error: it has changed meanwhile.
    std::optional<Result<std::shared_ptr<const std::string>>> bytes(bool packed);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
    std::vector<std::jthread> threads_;
};

}  // namespace xgrid::client
