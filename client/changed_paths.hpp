// Which paths a run's code changes, by git: for the history of tests, which tells after which
// changes a test tends to fail. libgit2 ends here. Reads only.
//
// To look at each file of a repository takes time (0.1 s for 20,000), so it is done on a thread,
// and a run begins without: it is told later. A repository with an index of more than
// index_bytes_max, about 25,000 files, is not looked at.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xgrid::client {

constexpr std::uintmax_t index_bytes_max = 2'500'000;

/// What differs between the files and the last commit, staged or not, and what is new and not
/// ignored; a new folder is one path, "new/". Where no tracked file differs, as in CI: also what
/// the last commit changed against its first parent. From the repository's root, sorted. Empty if
/// there is no repository, no commit, or there are more than changed_paths_max; or once `stop`.
std::vector<std::string> changed_paths(const std::string& directory, const std::atomic<bool>& stop);

/// The same, being looked for on a thread. May be abandoned: the thread then ends soon.
class ChangedPathsTask {
public:
    explicit ChangedPathsTask(const std::string& directory);
    ChangedPathsTask(const ChangedPathsTask&) = delete;
    ChangedPathsTask& operator=(const ChangedPathsTask&) = delete;
    ~ChangedPathsTask() { *stop_ = true; }

    /// Once, when it is done; none: not within that time, or it was given before.
    std::optional<std::vector<std::string>> take(std::chrono::milliseconds patience);
    bool taken() const { return !found_.valid(); }

private:
    std::shared_ptr<std::atomic<bool>> stop_;
    std::future<std::vector<std::string>> found_;
};

}  // namespace xgrid::client
