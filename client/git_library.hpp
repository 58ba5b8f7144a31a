// libgit2 begun, its handles with an owner, and the one way to open a repository. For the files
// that ask something of one, where the library ends.
#pragma once

#include <memory>
#include <string>

#include <git2.h>

namespace xgrid::client {

template <auto free>
struct Freed {
    template <class T>
    void operator()(T* handle) const {
        free(handle);
    }
};
using GitRepository = std::unique_ptr<git_repository, Freed<git_repository_free>>;

/// What git_repository_open_ext gives: 0, or why there is none. Whoever the repository belongs to:
/// nothing of it is run.
int open_repository(GitRepository& repository, const std::string& directory, unsigned flags = 0);

}  // namespace xgrid::client
