#include "worker/trees.hpp"

#include <filesystem>
#include <poll.h>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/shared/store_folder.hpp"

namespace xgrid::worker {
namespace {

// A broker that nobody is, so that no tree is ever whole.
struct Fixture {
    StoreFolder temporary;
    Context context;
    Trees trees{context,
                {.broker = "ipc://" + (temporary.path / "nobody").string(),
                 .cache = temporary.path / "cache"}};
    std::vector<std::string> folders;  // of trees that have begun
    std::vector<SlotReport> reports;

    RunSpec spec_of(const std::string& project, const std::string& folder) const {
        const std::string place = folder.empty() ? folder : (temporary.path / folder).string();
        return {.tree = TreeSpec{.id = object_id(ObjectKind::tree, project),
                                 .project = "/home/" + project,
                                 .folder = place}};
    }

    void start(SlotKey slot, const std::string& project, const std::string& folder = {},
               const std::string& interpreter = {}) {
        StartSlot command{slot, "run of " + project, "w0", spec_of(project, folder)};
        command.spec.interpreter = interpreter;
        CHECK(trees.pass(command).empty());
    }

    void collect() {
        Trees::News news = trees.collect();
        for (WarmKey& soon : news.soon) folders.push_back(std::move(soon.directory));
        for (auto& [slot, report] : news.reports) reports.push_back(std::move(report));
        CHECK(news.commands.empty());
    }

    void collect_until(const auto& there) {
        for (collect(); !there(); collect()) {
            pollfd item{trees.descriptor(), POLLIN, 0};
            REQUIRE(poll(&item, 1, 60'000) == 1);
        }
    }
    void until_begun(std::size_t count) {
        collect_until([&] { return folders.size() >= count; });
    }

    // As when the broker dies: nothing of the run is left here.
    void lose(SlotKey slot) {
        CHECK(trees.pass(EndSlot{slot}).empty());
        collect();
        trees.keep_only({});
        reports.clear();
    }

    bool says_only_that_it_lives() const {
        return std::ranges::all_of(reports, [](const SlotReport& report) {
            return std::holds_alternative<SlotLives>(report);
        });
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a run that comes again goes on in the workspace that it had") {
    start(1, "a");
    until_begun(1);
    lose(1);
    start(2, "a");
    until_begun(2);
    CHECK(folders[1] == folders[0]);
    CHECK(says_only_that_it_lives());
}

TEST_CASE_FIXTURE(Fixture, "who waits for a folder that another run lets go of is not refused") {
    start(1, "a", "folder");
    until_begun(1);
    lose(1);
    start(2, "b", "folder");
    until_begun(2);
    CHECK(folders[1] == folders[0]);
    CHECK(says_only_that_it_lives());
}

TEST_CASE_FIXTURE(Fixture,
                  "a slot that is to end while its tree has yet to begin was never there") {
    start(1, "a");
    until_begun(1);
    lose(1);
    start(2, "a");
    lose(2);
    collect_until([&] { return trees.empty(); });
    CHECK(folders.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "runs of other projects do not wait for one another") {
    start(1, "a");
    start(2, "b");
    until_begun(2);
    CHECK(folders[0] != folders[1]);
}

TEST_CASE_FIXTURE(Fixture, "environments of one run share a copy, unless they name folders") {
    start(1, "a", "one");
    start(2, "a", "other");
    until_begun(2);
    CHECK(folders[0] != folders[1]);
}

TEST_CASE_FIXTURE(Fixture, "each interpreter that waits for a copy is announced, once") {
    start(1, "a", "", "python3");
    start(2, "a", "", "pypy3");
    start(3, "a", "", "pypy3");
    until_begun(2);
    CHECK(folders.size() == 2);
    CHECK(folders[0] == folders[1]);
}

}  // namespace xgrid::worker
