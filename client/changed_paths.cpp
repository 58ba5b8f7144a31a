#include "client/changed_paths.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>

#include "client/git_library.hpp"
#include "client/snapshot/left_out.hpp"
#include "client/snapshot/settings.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {
namespace {

using Index = std::unique_ptr<git_index, Freed<git_index_free>>;
using Commit = std::unique_ptr<git_commit, Freed<git_commit_free>>;
using Tree = std::unique_ptr<git_tree, Freed<git_tree_free>>;
using Diff = std::unique_ptr<git_diff, Freed<git_diff_free>>;
using Object = std::unique_ptr<git_object, Freed<git_object_free>>;

// One of its parts is a name of what tools leave behind.
bool is_left_behind(const std::string& path, const LeftOut& left_out) {
    const std::filesystem::path parts(path);
    return std::ranges::any_of(
        parts, [&](const std::filesystem::path& part) { return left_out.by_name(part.string()); });
}

class Search {
public:
    Search(GitRepository repository, const std::atomic<bool>& stop)
        : repository_(std::move(repository)), stop_(stop) {}

    std::vector<std::string> run() {
        if (!read_commit() || !compare_files()) return {};
        if (tracked_.empty() && !compare_parent()) return {};
        // So many new files are not what somebody works on.
        if (tracked_.size() + untracked_.size() <= changed_paths_max) tracked_.merge(untracked_);
        return {tracked_.begin(), tracked_.end()};
    }

private:
    bool read_commit() {
        git_object* found = nullptr;
        if (git_revparse_single(&found, repository_.get(), "HEAD^{commit}") != 0) return false;
        const Object object(found);
        git_commit* commit = nullptr;
        if (git_commit_lookup(&commit, repository_.get(), git_object_id(found)) != 0) return false;
        commit_.reset(commit);
        tree_ = tree_of(commit);
        return tree_ != nullptr;
    }

    static Tree tree_of(const git_commit* commit) {
        git_tree* tree = nullptr;
        return git_commit_tree(&tree, commit) == 0 ? Tree(tree) : nullptr;
    }

    git_diff_options settings() {
        git_diff_options all = GIT_DIFF_OPTIONS_INIT;
        all.flags =
            GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_IGNORE_SUBMODULES | GIT_DIFF_SKIP_BINARY_CHECK;
        all.notify_cb = take;
        all.progress_cb = go_on;
        all.payload = this;
        return all;
    }

    bool compare_files() {
        git_index* read = nullptr;
        if (git_repository_index(&read, repository_.get()) != 0) return false;
        const Index index(read);
        const git_diff_options how = settings();
        git_diff* made = nullptr;
        int status = git_diff_tree_to_index(&made, repository_.get(), tree_.get(), read, &how);
        Diff diff(made);
        if (status != 0) return false;
        made = nullptr;
        status = git_diff_index_to_workdir(&made, repository_.get(), read, &how);
        diff.reset(made);
        return status == 0;
    }

    // A first commit says nothing, and of one whose parent was not fetched nothing is known.
    bool compare_parent() {
        git_commit* found = nullptr;
        if (git_commit_parent(&found, commit_.get(), 0) != 0) return true;
        const Commit parent(found);
        const Tree before = tree_of(found);
        if (before == nullptr) return true;
        const git_diff_options how = settings();
        git_diff* made = nullptr;
        const int status =
            git_diff_tree_to_tree(&made, repository_.get(), before.get(), tree_.get(), &how);
        const Diff diff(made);
        return status == 0;
    }

    // The library asks what is to become of each difference: below 0 it ends, above it forgets it.
    static int take(const git_diff*, const git_diff_delta* delta, const char*, void* search) {
        auto& self = *static_cast<Search*>(search);
        const char* const is = delta->new_file.path;
        const std::string path = is != nullptr ? is : delta->old_file.path;
        if (delta->status != GIT_DELTA_UNTRACKED) {
            self.tracked_.insert(path);
        } else if (self.untracked_.size() <= changed_paths_max &&
                   !is_left_behind(path, self.left_out_)) {
            self.untracked_.insert(path);
        }
        return self.tracked_.size() > changed_paths_max ? -1 : 1;
    }

    static int go_on(const git_diff*, const char*, const char*, void* search) {
        return static_cast<Search*>(search)->stop_ ? -1 : 0;
    }

    GitRepository repository_;
    const std::atomic<bool>& stop_;
    Commit commit_;
    Tree tree_;
    LeftOut left_out_{usually_left_out()};
    std::set<std::string> tracked_;
    std::set<std::string> untracked_;
};

}  // namespace

std::vector<std::string> changed_paths(const std::string& directory,
                                       const std::atomic<bool>& stop) {
    GitRepository repository;
    if (open_repository(repository, directory) != 0) return {};
    if (git_repository_is_bare(repository.get()) != 0) return {};
    std::error_code none;  // a repository in which nothing was ever added
    const auto bytes = std::filesystem::file_size(
        std::filesystem::path(git_repository_path(repository.get())) / "index", none);
    if (none || bytes > index_bytes_max) return {};
    return Search(std::move(repository), stop).run();
}

ChangedPathsTask::ChangedPathsTask(const std::string& directory)
    : stop_(std::make_shared<std::atomic<bool>>(false)) {
    std::packaged_task<std::vector<std::string>()> task(
        [directory, stop = stop_] { return changed_paths(directory, *stop); });
    found_ = task.get_future();
    std::thread(std::move(task)).detach();
}

std::optional<std::vector<std::string>> ChangedPathsTask::take(std::chrono::milliseconds patience) {
    if (taken() || found_.wait_for(patience) != std::future_status::ready) return std::nullopt;
    return found_.get();
}

}  // namespace xgrid::client
