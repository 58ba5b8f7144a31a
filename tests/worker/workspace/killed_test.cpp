// kill -9 at any moment of an update: the next one gives exactly its tree.
#include <csignal>
#include <filesystem>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/worker/workspace/models.hpp"
#include "worker/workspace/workspaces.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

constexpr int kills = 200;

/// Files that stay, change, move between folders and change their kind; unlike for each version.
Model version(int number) {
    Model model;
    for (int i = 0; i < 30; ++i) {
        model[fmt::format("same/{}", i)] = file(fmt::format("same {}", i));
        model[fmt::format("changed/{}", i)] = file(fmt::format("{} of {}", i, number));
        model[fmt::format("moved-{}/{}", number, i)] = program(fmt::format("moved {}", i));
    }
    model["big"] = file(std::string(400'000, static_cast<char>('a' + number)));
    for (int i = 0; i < 6; ++i) {
        const std::string path = fmt::format("kind/{}", i);
        switch ((i + number) % 3) {
            case 0: model[path] = file("file"); break;
            case 1: model[path + "/below"] = file("below"); break;
            default: model[path] = link_to("../big");
        }
    }
    return model;
}

// Goes from tree to tree until it is killed.
[[noreturn]] void update_for_ever(Workspace& workspace, MemorySource& source,
                                  const std::vector<ObjectId>& trees, std::size_t next) {
    for (;; ++next) {
        const fs::path folder = workspace.folder();
        if (!workspace.update(trees[next % trees.size()], source)) ::_exit(1);
        std::error_code none;
        fs::create_directories(folder / "changed/stranger/deeper", none);
        fs::rename(folder / "same/1", folder / "same/one", none);
    }
}

void kill_at_random_moments(Workspace& workspace, int times, std::mt19937& random) {
    MemorySource source;
    std::vector<Model> models;
    std::vector<ObjectId> trees;
    for (int i = 0; i < 3; ++i) {
        models.push_back(version(i));
        trees.push_back(source.add(models.back()));
    }
    for (int round = 0; round < times; ++round) {
        CAPTURE(round);
        const std::size_t next = random() % trees.size();
        const auto moment_us = static_cast<useconds_t>(random() % 40'000);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) update_for_ever(workspace, source, trees, next);
        ::usleep(moment_us);
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));

        const std::size_t now = random() % trees.size();
        Result<UpdateCounts> counts = workspace.update(trees[now], source);
        REQUIRE_MESSAGE(counts, (counts ? "" : counts.error()));
        REQUIRE(read_model(workspace.folder()) == with_folders(models[now]));
    }
}

}  // namespace

TEST_CASE("killed at 200 random moments, a workspace is repaired by the next update") {
    const TemporaryFolder temporary;
    std::mt19937 random(200);
    write_text(temporary / "outside", "mine");
    const Workspaces workspaces(temporary / "cache");
    {
        Result<Workspace> workspace = workspaces.of_project("p", ObjectId());
        REQUIRE(workspace);
        kill_at_random_moments(*workspace, kills / 2, random);
    }
    // By name, with a user's own things beside; each begins with nothing known.
    for (int part = 0; part < 4; ++part) {
        const fs::path folder = temporary / fmt::format("named-{}", part);
        Result<Workspace> workspace = workspaces.at(folder);
        REQUIRE(workspace);
        kill_at_random_moments(*workspace, kills / 8, random);
    }
    CHECK(read_text(temporary / "outside") == "mine");
    CHECK(std::distance(fs::directory_iterator(temporary.path()), fs::directory_iterator()) == 6);
}

}  // namespace xgrid::worker
