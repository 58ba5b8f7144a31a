#include "client/git_library.hpp"

#include <array>

namespace xgrid::client {
namespace {

// Once and to the end: each beginning reads the system's certificates, which takes 3 ms.
bool begin_library() {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // What they change is none of what is read here.
    std::array<const char*, 3> harmless = {"worktreeconfig", "partialclone", "preciousobjects"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, harmless.data(), harmless.size());
    return true;
}

}  // namespace

int open_repository(GitRepository& repository, const std::string& directory, unsigned flags) {
    static const bool begun = begin_library();
    (void)begun;
    git_repository* opened = nullptr;
    const int status = git_repository_open_ext(&opened, directory.c_str(), flags, nullptr);
    repository.reset(opened);
    return status;
}

}  // namespace xgrid::client
