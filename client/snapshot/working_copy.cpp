#include "client/snapshot/working_copy.hpp"

#include <cstdlib>
#include <sys/stat.h>

#include <fmt/format.h>

#include "client/git_library.hpp"

namespace xgrid::client {
namespace {

using Config = std::unique_ptr<git_config, Freed<git_config_free>>;
using Index = std::unique_ptr<git_index, Freed<git_index_free>>;

std::string last_error() {
    const git_error* error = git_error_last();
    return error == nullptr ? "unknown error" : error->message;
}

std::string without_slash(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

bool exists(const std::string& path) {
    struct stat facts = {};
    return stat(path.c_str(), &facts) == 0;
}

// Where a `.git` is.
std::string directory_with_git(std::string directory, WorkingCopy::Search search) {
    while (!exists(directory + "/.git")) {
        const std::size_t slash = directory.rfind('/');
        if (search == WorkingCopy::Search::here || slash == std::string::npos) return {};
        directory.resize(slash);
    }
    return directory.empty() ? "/" : directory;
}

std::string usual_rules_of_user() {
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0') {
        return std::string(config) + "/git/ignore";
    }
    const char* home = std::getenv("HOME");
    return home == nullptr ? "" : std::string(home) + "/.config/git/ignore";
}

std::string rules_of_user(git_repository* repository, const std::string& directory) {
    git_config* opened = nullptr;
    if (git_repository_config_snapshot(&opened, repository) != 0) return usual_rules_of_user();
    const Config config(opened);
    git_buf path = GIT_BUF_INIT;
    if (git_config_get_path(&path, opened, "core.excludesfile") != 0) return usual_rules_of_user();
    std::string file(path.ptr, path.size);
    git_buf_dispose(&path);
    return file.empty() || file.starts_with('/') ? file : directory + "/" + file;
}

}  // namespace

struct WorkingCopy::Handles {
    GitRepository repository;
    Index index;
};

WorkingCopy::WorkingCopy() : handles_(std::make_unique<Handles>()) {}
WorkingCopy::~WorkingCopy() = default;

std::unique_ptr<WorkingCopy> WorkingCopy::find(const std::string& directory, Search search) {
    const std::string top = directory_with_git(directory, search);
    if (top.empty()) return nullptr;
    std::unique_ptr<WorkingCopy> found(new WorkingCopy);
    GitRepository& repository = found->handles_->repository;
    unsigned flags = 0;
    if (search == Search::here) flags = GIT_REPOSITORY_OPEN_NO_SEARCH;
    const int status = open_repository(repository, directory, flags);
    if (status == GIT_ENOTFOUND) return nullptr;
    if (status == 0) {
        const char* workdir = git_repository_workdir(repository.get());
        if (workdir == nullptr) return nullptr;
        found->directory_ = without_slash(workdir);
        found->read_facts();
        return found;
    }
    const std::string why = last_error();
    found->directory_ = top;
    found->trouble_ = fmt::format("cannot read the repository in {}: {}", found->directory_, why);
    found->rule_files_ = {usual_rules_of_user(), top + "/.git/info/exclude"};
    return found;
}

void WorkingCopy::read_facts() {
    git_repository* repository = handles_->repository.get();
    rule_files_ = {rules_of_user(repository, directory_),
                   std::string(git_repository_commondir(repository)) + "/info/exclude"};
}

void WorkingCopy::read_index() {
    git_index* opened = nullptr;
    if (git_repository_index(&opened, handles_->repository.get()) == 0) {
        handles_->index.reset(opened);
    } else {
        trouble_ = fmt::format("cannot read the index of {}: {}", directory_, last_error());
    }
}

bool WorkingCopy::tracks(const std::string& path) {
    // Read when it is first needed: often nothing is ignored that might be tracked.
    if (handles_->repository && !handles_->index && trouble_.empty()) read_index();
    if (!handles_->index) return false;
    std::size_t at = 0;
    if (git_index_find(&at, handles_->index.get(), path.c_str()) == 0) return true;
    return git_index_find_prefix(&at, handles_->index.get(), (path + "/").c_str()) == 0;
}

}  // namespace xgrid::client
