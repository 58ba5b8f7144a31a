// Facts about the code that a run tests, from git; libgit2 ends here. Reads only.
#pragma once

#include <optional>
#include <string>

namespace xgrid::client {

struct RepositoryFacts {
    std::string branch;  // empty: HEAD is detached
    std::string commit;  // abbreviated; empty: there is none yet
    std::string tree;    // of that commit
};

/// Of the repository that the directory is in; none: it is in none, or it cannot be read.
std::optional<RepositoryFacts> read_repository(const std::string& directory);

}  // namespace xgrid::client
