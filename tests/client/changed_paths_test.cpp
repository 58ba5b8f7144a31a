// What git says that a run's code changes.
#include "client/changed_paths.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shared/messages.hpp"
#include "tests/client/snapshot/disk_fixture.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

using Paths = std::vector<std::string>;

struct Repository : DiskFixture {
    Repository() { run("git init -q"); }

    void commit() const { run("git add -A && git commit -q -m change"); }
    Paths changed(const std::string& below = ".") const {
        const std::atomic<bool> stop = false;
        return changed_paths(root() / below, stop);
    }
    // With a parent: the last commit changes "last.py".
    void begin() const {
        for (const char* path : {"a.py", "src/b.c", "src/c.c", "last.py", "mode.sh"}) write(path);
        commit();
        write("last.py", "changed");
        commit();
    }
};

}  // namespace

TEST_CASE_FIXTURE(Repository, "what differs from the last commit is changed, staged or not") {
    begin();
    write("a.py", "changed");
    write("src/b.c", "staged");
    write("src/new.c");
    run("git add src && git rm -q src/c.c && chmod +x mode.sh");
    CHECK(changed() == Paths{"a.py", "mode.sh", "src/b.c", "src/c.c", "src/new.c"});
    CHECK(changed("src") == changed());
}

TEST_CASE_FIXTURE(Repository, "a file that is as it was is not changed, whatever its time") {
    begin();
    run("touch -d '2 hours ago' a.py");
    CHECK(changed() == Paths{"last.py"});
}

TEST_CASE_FIXTURE(Repository, "where nothing differs it is what the last commit changed") {
    begin();
    CHECK(changed() == Paths{"last.py"});
    run("git mv a.py z.py && git rm -q src/b.c");
    commit();
    CHECK(changed() == Paths{"a.py", "src/b.c", "z.py"});
}

TEST_CASE_FIXTURE(Repository, "of a merge it is what came to its first parent") {
    begin();
    run("git checkout -q -b other");
    write("other.py");
    commit();
    run("git checkout -q - && git rm -q a.py && git commit -q -m here");
    run("git merge -q --no-edit other");
    CHECK(changed() == Paths{"other.py"});
}

TEST_CASE_FIXTURE(Repository, "new files count but for those that are ignored or made by tools") {
    write(".gitignore", "*.log\n");
    begin();
    write("x.log");
    write("src/__pycache__/b.pyc");
    write("folder/one");
    write("folder/two");
    write("new.py");
    CHECK(changed() == Paths{"folder/", "last.py", "new.py"});
    write("a.py", "changed");
    CHECK(changed() == Paths{"a.py", "folder/", "new.py"});
}

TEST_CASE_FIXTURE(Repository, "names are bytes") {
    begin();
    const Paths names = {" b\tc\n", "a b/\"c\"", "\xff\xfe", "\xc3\xa4"};
    for (const std::string& name : names) write(name);
    commit();
    for (const std::string& name : names) write(name, "changed");
    CHECK(changed() == Paths{" b\tc\n", "a b/\"c\"", "\xc3\xa4", "\xff\xfe"});
}

TEST_CASE_FIXTURE(Repository, "a change of everything says nothing of a path") {
    begin();
    for (std::size_t i = 0; i <= changed_paths_max; ++i) write("new" + std::to_string(i));
    CHECK(changed() == Paths{"last.py"});
    run("git add new0 new1");
    CHECK(changed() == Paths{"new0", "new1"});
    run("git add -A");
    CHECK(changed().empty());
    commit();
    CHECK(changed().empty());
}

TEST_CASE_FIXTURE(Repository, "without a commit, or with a first one alone, nothing is known") {
    CHECK(changed().empty());
    write("a.py");
    run("git add -A");
    CHECK(changed().empty());
    commit();
    CHECK(changed().empty());
    write("a.py", "changed");
    CHECK(changed() == Paths{"a.py"});
}

TEST_CASE_FIXTURE(Repository, "of a commit whose parent was not fetched nothing is known") {
    begin();
    run("git clone -q --depth 1 file://$PWD copy");
    CHECK(changed("copy").empty());
}

TEST_CASE_FIXTURE(Repository, "a working copy beside the repository is looked at as well") {
    begin();
    run("git worktree add -q ../beside && echo changed > ../beside/a.py");
    CHECK(changed("../beside") == Paths{"a.py"});
}

TEST_CASE_FIXTURE(DiskFixture, "outside of a repository nothing is known") {
    write("a.py");
    const std::atomic<bool> stop = false;
    CHECK(changed_paths(root(), stop).empty());
}

TEST_CASE_FIXTURE(Repository, "a search that is to stop finds nothing") {
    begin();
    write("a.py", "changed");
    const std::atomic<bool> stop = true;
    CHECK(changed_paths(root(), stop).empty());
}

TEST_CASE_FIXTURE(Repository, "a task finds the same on its thread, and may be abandoned") {
    begin();
    ChangedPathsTask task(root());
    CHECK(task.take(std::chrono::minutes(1)) == changed());
    CHECK(task.taken());
    CHECK_FALSE(task.take({}));
    const ChangedPathsTask abandoned(root());
}

TEST_CASE_FIXTURE(Repository, "nothing in the repository is written") {
    begin();
    run("touch a.py");
    const std::string facts = "find .git -type f -exec stat -c '%n %y %s' {} + | sort";
    const std::string before = run(facts);
    changed();
    CHECK(run(facts) == before);
}
