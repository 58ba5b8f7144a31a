// What git says about a folder that is one of its working copies: where it begins, which paths are
// tracked, and which files hold rules beside those in it. libgit2 ends here. Reads only: nothing of
// the user's .git is ever written.
//
// Whoever the repository belongs to: nothing of it is run.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace xgrid::client {

class WorkingCopy {
public:
    enum class Search { here, upwards };

    /// Of the repository whose `.git` is in this absolute directory or, upwards, in one that it is
    /// in; none: there is no such repository, or it is bare.
    static std::unique_ptr<WorkingCopy> find(const std::string& directory, Search search);
    ~WorkingCopy();

    /// Absolute, without links, and without a slash at the end.
    const std::string& directory() const { return directory_; }
    /// Files of ignore rules, the weakest first; they need not be there.
    const std::vector<std::string>& rule_files() const { return rule_files_; }

    /// Whether the index has this path, or one below it.
    bool tracks(const std::string& path);

    /// Empty, or why it is not known what is tracked: nothing counts as tracked then.
    const std::string& trouble() const { return trouble_; }

private:
    struct Handles;
    WorkingCopy();
    void read_facts();
    void read_index();

    std::unique_ptr<Handles> handles_;
    std::string directory_;
    std::vector<std::string> rule_files_;
    std::string trouble_;
};

}  // namespace xgrid::client
