// What was learnt of a program, by its content: files in the cache folder, which may vanish or be
// broken without harm.
#pragma once

#include <filesystem>
#include <string>

#include "worker/frameworks/native/batches.hpp"

namespace xgrid::worker::native {

struct Known {
    std::string kind;  // of test binary; empty: it was not asked yet
    Costs costs;
};

class Learnt {
public:
    /// Empty: nothing is kept.
    explicit Learnt(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// `fingerprint` is a name for a file; empty: nothing is known of it, or kept.
    Known read(const std::string& fingerprint) const;
    void keep(const std::string& fingerprint, const Known& known) const;

private:
    std::filesystem::path folder_;
};

/// The one of this user.
Learnt own_learnt();

}  // namespace xgrid::worker::native
