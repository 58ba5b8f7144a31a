// Compiled Python: used while it is current, and never when it is not; asked of a real interpreter.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/worker/workspace/models.hpp"
#include "worker/workspace/workspaces.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

struct Fixture {
    TemporaryFolder temporary;
    MemorySource source;
    Workspaces workspaces{temporary / "cache"};
    Result<Workspace> workspace = workspaces.of_project("p", ObjectId());
    std::string environment;

    void update(const Model& model) {
        REQUIRE(workspace);
        Result<UpdateCounts> counts = workspace->update(source.add(model), source);
        REQUIRE_MESSAGE(counts, (counts ? "" : counts.error()));
    }
    /// What the module says it is.
    std::string says() {
        const std::string command = fmt::format(
            "cd '{}' && env -u PYTHONDONTWRITEBYTECODE {} /usr/bin/python3 -c "
            "'import module; print(module.value)' 2>&1",
            workspace->folder().native(), environment);
        const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
        std::array<char, 4096> text = {};
        const std::size_t size = std::fread(text.data(), 1, text.size(), pipe.get());
        return {text.data(), size};
    }
};

Model module(int value) { return {{"module.py", file(fmt::format("value = {}\n", value))}}; }

fs::path compiled_in(const fs::path& folder) {
    for (const auto& each : fs::recursive_directory_iterator(folder)) {
        if (each.path().native().find("module.cpython") != std::string::npos) return each.path();
    }
    return {};
}

}  // namespace

TEST_CASE("Python takes compiled code by second and size: what these tests are about") {
    Fixture f;
    f.update(module(1));
    CHECK(f.says() == "1\n");
    const fs::path path = f.workspace->folder() / "module.py";
    const fs::file_time_type time = fs::last_write_time(path);
    write_text(path, "value = 2\n");
    fs::last_write_time(path, time);
    CHECK(f.says() == "1\n");
    f.update(module(2));
    CHECK(f.says() == "2\n");
}

TEST_CASE("compiled Python is never used for another source, however fast the updates come") {
    for (const bool elsewhere : {false, true}) {
        CAPTURE(elsewhere);
        Fixture f;
        if (elsewhere)
            f.environment =
                fmt::format("PYTHONPYCACHEPREFIX='{}'", (f.temporary / "prefix").native());
        std::int64_t last = 0;
        for (int value = 1; value <= 5; ++value) {
            f.update(module(value));
            const std::int64_t second = second_of(f.workspace->folder() / "module.py");
            CHECK(second > last);
            last = second;
            CHECK(f.says() == fmt::format("{}\n", value));
        }
        // Gone, and there again.
        f.update({{"other.py", file("")}});
        CHECK(f.says().find("ModuleNotFoundError") != std::string::npos);
        f.update(module(6));
        CHECK(second_of(f.workspace->folder() / "module.py") > last);
        CHECK(f.says() == "6\n");
        // A stranger's module, and then the tree's own.
        f.update({{"other.py", file("")}});
        write_text(f.workspace->folder() / "module.py", "value = 7\n");
        CHECK(f.says() == "7\n");
        f.update({{"other.py", file("")}});
        f.update(module(8));
        CHECK(f.says() == "8\n");
        // Content that comes from another place in the workspace.
        f.update({{"module.py", file("value = 9\n")}, {"other.py", file("value = 5\n")}});
        CHECK(f.says() == "9\n");
        f.update({{"module.py", file("value = 5\n")}, {"other.py", file("value = 9\n")}});
        CHECK(f.says() == "5\n");
    }
}

TEST_CASE("compiled Python of an unchanged source stays valid, whatever else changes") {
    Fixture f;
    Model model = module(1);
    f.update(model);
    CHECK(f.says() == "1\n");
    const fs::path compiled = compiled_in(f.workspace->folder());
    REQUIRE_FALSE(compiled.empty());
    const fs::file_time_type time = fs::last_write_time(compiled);
    model["other.py"] = file("");
    f.update(model);
    CHECK(f.says() == "1\n");
    CHECK(fs::last_write_time(compiled) == time);
}

TEST_CASE("a time that a test made up does not lead into the future") {
    Fixture f;
    f.update(module(1));
    const fs::path path = f.workspace->folder() / "module.py";
    const std::int64_t now = second_of(path);
    fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::hours(24 * 3650));
    f.update(module(2));
    CHECK(second_of(path) - now < 3600);
    CHECK(second_of(path) > now);
}

}  // namespace xgrid::worker
