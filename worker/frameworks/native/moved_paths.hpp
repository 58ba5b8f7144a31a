// A build folder is full of absolute paths. Where it is a copy, made by a worker, they lead to
// where it was configured, and are changed to lead into the copy.
//
// Not changed is what programs have inside: an absolute RPATH, and paths compiled in.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrid::worker::native {

class MovedPaths {
public:
    MovedPaths() = default;
    /// Where both were when it was configured, and where the build folder is now. The source is
    /// taken to be in the same place seen from it.
    MovedPaths(const std::string& build_then, const std::string& source_then,
               const std::string& build_now);

    bool any() const { return !moved_.empty(); }
    std::string here(std::string_view text) const;

private:
    std::vector<std::pair<std::string, std::string>> moved_;  // the longest first
};

}  // namespace xgrid::worker::native
