#include "worker/workspace/beneath.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>

#include <doctest/doctest.h>

#include "tests/worker/workspace/models.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

}  // namespace

TEST_CASE(
    "what is below a folder is reached, and nothing through a link, in one call or by parts") {
    const TemporaryFolder temporary;
    fs::create_directories(temporary / "root/a/b");
    fs::create_directories(temporary / "outside/b");
    write_text(temporary / "root/a/b/file", "");
    write_text(temporary / "outside/b/file", "");
    fs::create_directory_symlink(temporary / "outside", temporary / "root/out");
    fs::create_directory_symlink("a", temporary / "root/in");
    fs::create_symlink("file", temporary / "root/a/b/link");
    for (const Lookup lookup : {Lookup::one_call, Lookup::by_parts}) {
        CAPTURE(static_cast<int>(lookup));
        const Beneath root(
            Descriptor(::open((temporary / "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
            lookup);
        CHECK(root.folder(""));
        CHECK(root.folder("a"));
        CHECK(root.folder("a/b"));
        CHECK(root.file("a/b/file"));
        for (const char* path : {"out", "out/b", "in", "in/b", "a/b/file", "a/c", "a/b/c/d"}) {
            CAPTURE(path);
            CHECK_FALSE(root.folder(path));
        }
        for (const char* path : {"a/b/link", "out/b/file", "in/b/file", "a/b/none"}) {
            CAPTURE(path);
            CHECK_FALSE(root.file(path));
        }
    }
}

TEST_CASE("a folder is emptied without following a link, however deep it is") {
    const TemporaryFolder temporary;
    write_text(temporary / "mine", "mine");
    const fs::path folder = temporary / "folder";
    fs::path deep = folder;
    for (int i = 0; i < 130; ++i) deep /= "d";
    fs::create_directories(deep);
    fs::create_directory_symlink(temporary.path(), deep / "out");
    fs::create_directory_symlink(temporary.path(), folder / "out");
    fs::permissions(folder / "d/d", fs::perms::none);
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    CHECK(empty_folder(opened.get()));
    CHECK(fs::is_empty(folder));
    CHECK(read_text(temporary / "mine") == "mine");
}

}  // namespace xgrid::worker
