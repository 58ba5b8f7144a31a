#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/worker/workspace/models.hpp"
#include "worker/workspace/workspace.hpp"
#include "worker/workspace/workspaces.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

struct Fixture {
    TemporaryFolder temporary;
    MemorySource source;
    Workspaces workspaces{temporary / "cache"};
    UpdateOptions options;

    Workspace workspace() {
        Result<Workspace> given = workspaces.of_project("/home/a/project", ObjectId());
        REQUIRE(given);
        return std::move(*given);
    }
    UpdateCounts update(Workspace& workspace, const Model& model) {
        Result<UpdateCounts> counts = workspace.update(source.add(model), source, options);
        REQUIRE_MESSAGE(counts, (counts ? "" : counts.error()));
        return *counts;
    }
    std::string why_not(Workspace& workspace, const Model& model) {
        Result<UpdateCounts> counts = workspace.update(source.add(model), source, options);
        return counts ? "" : counts.error();
    }
};

const Model small = {{"a.py", file("a = 1\n")},          {"run", program("#!/bin/sh\n")},
                     {"pkg/b.py", file("b = 1\n")},      {"pkg/deep/er/c.txt", file("")},
                     {"pkg/link", link_to("../a.py")},   {"empty", folder()},
                     {"\xff\xfe odd\nname", file("odd")}};

// As a user without rights over others' files, in a process of its own: root may do anything.
template <class Do>
int as_nobody(const Do& what) {
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t nobody = 65534;
        if (::getuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(100);
        ::_exit(what());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a workspace holds its tree exactly: content, modes, links, empty folders, odd names") {
    Fixture f;
    Workspace workspace = f.workspace();
    const UpdateCounts counts = f.update(workspace, small);
    CHECK(counts.written == 6);
    CHECK(counts.bytes == 25);
    CHECK(read_model(workspace.folder()) == with_folders(small));
}

TEST_CASE("modes do not depend on the umask") {
    Fixture f;
    const mode_t before = ::umask(0077);
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    CHECK(read_model(workspace.folder()) == with_folders(small));
    ::umask(0);
    f.update(workspace, {{"x/y", file("")}, {"z", program("")}});
    ::umask(before);
    CHECK(read_model(workspace.folder()) == with_folders({{"x/y", file("")}, {"z", program("")}}));
}

TEST_CASE("an unchanged tree asks for nothing and writes nothing") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    f.update(workspace, small);  // reads what was written last
    const ObjectId tree = f.source.add(small);
    f.source.trees_asked = f.source.blobs_asked = 0;
    Result<UpdateCounts> counts = workspace.update(tree, f.source);
    REQUIRE(counts);
    CHECK(counts->unchanged == 6);
    CHECK(counts->written == 0);
    CHECK(f.source.trees_asked + f.source.blobs_asked == 0);
}

TEST_CASE("a workspace tells which trees it held, until it may hold none") {
    Fixture f;
    Workspace workspace = f.workspace();
    CHECK(workspace.trees_held().empty());
    f.update(workspace, small);
    const ObjectId tree = f.source.add(small);
    const std::set<ObjectId> held = workspace.trees_held();
    CHECK(held.contains(tree));
    CHECK(held.size() == f.source.trees.size());
    // It is not asked for what it said, and asking changes nothing.
    f.source.trees_asked = f.source.blobs_asked = 0;
    CHECK(workspace.update(tree, f.source)->unchanged == 6);
    CHECK(workspace.trees_held() == held);
    CHECK(f.source.trees_asked + f.source.blobs_asked == 0);
}

TEST_CASE("a changed file is written alone, and what else is there keeps its time") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    struct stat before = {};
    REQUIRE(::stat((workspace.folder() / "pkg/b.py").c_str(), &before) == 0);
    Model changed = small;
    changed["a.py"] = file("a = 2\n");
    const ObjectId tree = f.source.add(changed);
    f.source.trees_asked = f.source.blobs_asked = 0;
    Result<UpdateCounts> counts = workspace.update(tree, f.source);
    REQUIRE(counts);
    CHECK(counts->written == 1);
    CHECK(f.source.trees_asked == 1);
    CHECK(f.source.blobs_asked == 1);
    CHECK(read_model(workspace.folder()) == with_folders(changed));
    struct stat after = {};
    REQUIRE(::stat((workspace.folder() / "pkg/b.py").c_str(), &after) == 0);
    CHECK(after.st_ino == before.st_ino);
    CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

TEST_CASE("a renamed folder is moved: no content is asked for") {
    Fixture f;
    Workspace workspace = f.workspace();
    Model before;
    Model after;
    for (int i = 0; i < 300; ++i) {
        before[fmt::format("old/sub/{}.py", i)] = file(fmt::format("x = {}\n", i));
        after[fmt::format("new/sub/{}.py", i)] = file(fmt::format("x = {}\n", i));
    }
    f.update(workspace, before);
    const ObjectId tree = f.source.add(after);
    f.source.trees_asked = f.source.blobs_asked = 0;
    Result<UpdateCounts> counts = workspace.update(tree, f.source);
    REQUIRE(counts);
    CHECK(counts->moved == 300);
    CHECK(counts->bytes == 0);
    CHECK(f.source.trees_asked == 1);  // the root
    CHECK(f.source.blobs_asked == 0);
    CHECK(read_model(workspace.folder()) == with_folders(after));
}

TEST_CASE("files that change places, or are copied, are taken from the workspace") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, {{"a", file("A")}, {"b", file("B")}, {"c", file("C")}});
    f.source.blobs_asked = 0;
    const Model after = {{"a", file("B")},      {"b", program("A")},  {"c", file("C")},
                         {"d/copy", file("C")}, {"d/two", file("A")}, {"d/three", file("A")}};
    const ObjectId tree = f.source.add(after);
    f.source.blobs_asked = 0;
    REQUIRE(workspace.update(tree, f.source));
    CHECK(f.source.blobs_asked == 0);
    CHECK(read_model(workspace.folder()) == with_folders(after));
}

TEST_CASE("what tests changed in place is put right, however they hid it") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    const fs::path folder = workspace.folder();
    const fs::file_time_type time = fs::last_write_time(folder / "a.py");
    write_text(folder / "a.py", "a = 7\n");
    fs::last_write_time(folder / "a.py", time);
    fs::permissions(folder / "run", fs::perms(0600));
    fs::remove(folder / "pkg/b.py");
    fs::remove(folder / "pkg/link");
    fs::create_symlink("../run", folder / "pkg/link");
    fs::remove(folder / "empty");
    fs::permissions(folder / "pkg/deep", fs::perms(0700));
    f.update(workspace, small);
    CHECK(read_model(folder) == with_folders(small));
}

TEST_CASE("a change in the tick in which the file was written is found") {
    Fixture f;
    Workspace workspace = f.workspace();
    for (int i = 0; i < 50; ++i) {
        const std::string now = fmt::format("{:03}", i);
        f.update(workspace, {{"a", file(now)}});
        write_text(workspace.folder() / "a", fmt::format("{:03}", i + 500));
        f.update(workspace, {{"a", file(now)}});
        REQUIRE(read_text(workspace.folder() / "a") == now);
    }
}

TEST_CASE("strangers go: files, folders, links, sockets, what is nested deeply") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    const fs::path folder = workspace.folder();
    write_text(f.temporary / "outside", "mine");
    write_text(folder / "conftest.py", "planted");
    fs::create_directories(folder / "pkg/made/by/tests");
    fs::create_directory_symlink(f.temporary.path(), folder / "pkg/out");
    fs::create_hard_link(f.temporary / "outside", folder / "hard");
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    REQUIRE(::mkdir((folder / "deep").c_str(), 0755) == 0);
    const fs::path here = fs::current_path();
    fs::current_path(folder / "deep");
    for (int i = 0; i < 300; ++i) {
        REQUIRE(::mkdir("deeper and deeper", 0755) == 0);
        REQUIRE(::chdir("deeper and deeper") == 0);
    }
    fs::current_path(here);
    const UpdateCounts counts = f.update(workspace, small);
    CHECK(counts.removed == 6);
    CHECK(read_model(folder) == with_folders(small));
    CHECK(read_text(f.temporary / "outside") == "mine");
}

TEST_CASE("a file becomes a folder and a folder a file or a link") {
    Fixture f;
    Workspace workspace = f.workspace();
    const Model one = {{"a", file("1")}, {"b/c/d", file("2")}, {"e", link_to("a")}};
    const Model two = {{"a/b", file("2")}, {"b", file("1")}, {"e/f", program("3")}};
    const Model three = {{"a", link_to("b")}, {"b/c", folder()}, {"e", file("3")}};
    for (const Model& model : {one, two, three, one, three, two, one}) {
        f.update(workspace, model);
        CHECK(read_model(workspace.folder()) == with_folders(model));
    }
}

TEST_CASE("a link that a test put in a folder's or file's place is replaced, not followed") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    const fs::path outside = f.temporary / "outside";
    fs::create_directories(outside / "deep");
    write_text(outside / "b.py", "mine");
    const Model before = read_model(outside);
    fs::remove_all(workspace.folder() / "pkg");
    fs::create_directory_symlink(outside, workspace.folder() / "pkg");
    fs::remove(workspace.folder() / "a.py");
    fs::create_symlink(outside / "b.py", workspace.folder() / "a.py");
    f.update(workspace, small);
    CHECK(read_model(workspace.folder()) == with_folders(small));
    CHECK(read_model(outside) == before);
}

TEST_CASE("a hard link to a file outside is cut, not written through") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    write_text(f.temporary / "outside", "a = 1\n");
    fs::remove(workspace.folder() / "a.py");
    fs::create_hard_link(f.temporary / "outside", workspace.folder() / "a.py");
    Model changed = small;
    changed["a.py"] = program("a = 2\n");
    f.update(workspace, changed);
    CHECK(read_model(workspace.folder()) == with_folders(changed));
    CHECK(read_text(f.temporary / "outside") == "a = 1\n");
    CHECK((fs::status(f.temporary / "outside").permissions() & fs::perms::owner_exec) ==
          fs::perms::none);
}

TEST_CASE("folders that tests locked are unlocked; a file that stays locked is a clear error") {
    Fixture f;
    fs::permissions(f.temporary.path(), fs::perms(0777));
    const int status = as_nobody([&] {
        Workspaces own(f.temporary / "own");
        Result<Workspace> workspace = own.of_project("p", ObjectId());
        if (!workspace) return 1;
        const ObjectId tree = f.source.add(small);
        if (!workspace->update(tree, f.source)) return 2;
        const fs::path folder = workspace->folder();
        fs::create_directories(folder / "pkg/mine/deep");
        for (const char* name : {"pkg/mine/deep", "pkg/mine", "pkg/deep/er", "pkg/deep"}) {
            fs::permissions(folder / name, fs::perms::none);
        }
        fs::permissions(folder / "pkg", fs::perms(0500));
        if (!workspace->update(tree, f.source)) return 3;
        if (read_model(folder) != with_folders(small)) return 4;
        fs::permissions(folder, fs::perms::none);
        { const Workspace let_go = std::move(*workspace); }
        Result<Workspace> again = own.of_project("p", ObjectId());
        if (!again || !again->update(tree, f.source)) return 5;
        return read_model(folder) == with_folders(small) ? 0 : 6;
    });
    CHECK(status == 0);

    if (::getuid() != 0) return;
    fs::create_directories(f.temporary / "roots");
    const int refused = as_nobody([&] {
        Workspace workspace({f.temporary / "roots", f.temporary / "manifest"}, Descriptor());
        Result<UpdateCounts> counts = workspace.update(f.source.add(small), f.source);
        if (counts) return 1;
        const std::string expected =
            "cannot make " + (f.temporary / "roots/.xgrid-aside").native() + ": Permission denied";
        return counts.error() == expected ? 0 : 2;
    });
    CHECK(refused == 0);
}

TEST_CASE("content comes from the source's file where it has one, and is no link to it") {
    Fixture f;
    Workspace workspace = f.workspace();
    const std::string content(3'000'000, 'x');
    write_text(f.temporary / "stored", content);
    f.source.files[f.source.add_blob(content)] = f.temporary / "stored";
    f.source.files[f.source.add_blob("gone")] = f.temporary / "no such file";
    f.source.blobs_asked = 0;
    const UpdateCounts counts =
        f.update(workspace, {{"big", program(content)}, {"gone", file("gone")}});
    CHECK(counts.bytes == content.size() + 4);
    CHECK(f.source.blobs_asked == 1);
    CHECK(read_text(workspace.folder() / "big") == content);
    CHECK(fs::hard_link_count(f.temporary / "stored") == 1);
}

TEST_CASE("after a failure half-way, or without a manifest, the next update puts all right") {
    Fixture f;
    Workspace workspace = f.workspace();
    f.update(workspace, small);
    Model other = {{"a.py", file("other")}, {"run/x", file("in the way")}, {"z", file("broken")}};
    f.source.broken.insert(f.source.add_blob("broken"));
    const std::string error = f.why_not(workspace, other);
    CHECK(error.find("/z: the content is not what its id names") != error.npos);
    CHECK_FALSE(fs::exists(workspace.folder() / "z"));
    f.source.broken.clear();
    f.update(workspace, other);
    CHECK(read_model(workspace.folder()) == with_folders(other));

    const fs::path manifest = workspace.folder().parent_path() / "manifest";
    fs::resize_file(manifest, fs::file_size(manifest) - 1);
    f.update(workspace, small);
    CHECK(read_model(workspace.folder()) == with_folders(small));
    fs::remove(manifest);
    write_text(workspace.folder() / "stranger", "");
    f.update(workspace, small);
    CHECK(read_model(workspace.folder()) == with_folders(small));
}

TEST_CASE("any tree follows any other, with anything done to the folder in between") {
    Fixture f;
    Workspace workspace = f.workspace();
    std::mt19937 random(4);
    const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
    const auto some_path = [&] {
        std::string path;
        for (unsigned levels = 1 + below(4); levels > 0; --levels) {
            path += static_cast<char>('a' + below(4));
            if (levels > 1) path += '/';
        }
        return path;
    };
    const auto some_model = [&] {
        Model model;
        for (unsigned i = 0; i < 25; ++i) {
            const std::string path = some_path();
            // No item where a folder must be, or below what is no folder.
            bool fits = true;
            for (const auto& [other, item] : with_folders(model)) {
                if (other.starts_with(path + "/") || other == path) fits = false;
                if (path.starts_with(other + "/") && item.kind != EntryKind::folder) fits = false;
            }
            if (!fits) continue;
            const std::string content(below(3), static_cast<char>('a' + below(3)));
            switch (below(5)) {
                case 0: model[path] = program(content); break;
                case 1: model[path] = link_to("x" + content); break;
                case 2: model[path] = folder(); break;
                default: model[path] = file(content);
            }
        }
        return model;
    };
    const auto disturb = [&] {
        const fs::path path = workspace.folder() / some_path();
        std::error_code none;
        switch (below(6)) {
            case 0: fs::remove_all(path, none); break;
            case 1: fs::create_directories(path, none); break;
            case 2: fs::rename(workspace.folder() / some_path(), path, none); break;
            case 3: fs::create_symlink(f.temporary.path(), path, none); break;
            case 4: fs::permissions(path, fs::perms(below(010)) | fs::perms(0400), none); break;
            default:
                if (fs::symlink_status(path).type() == fs::file_type::regular) {
                    write_text(path, "zz");
                }
        }
    };
    write_text(f.temporary / "outside", "mine");
    Model model = some_model();
    for (int round = 0; round < 150; ++round) {
        CAPTURE(round);
        if (below(3) != 0) model = some_model();
        f.options.threads = 1 + below(3);
        f.update(workspace, model);
        REQUIRE(read_model(workspace.folder()) == with_folders(model));
        for (unsigned i = below(6); i > 0; --i) disturb();
    }
    CHECK(read_text(f.temporary / "outside") == "mine");
}

}  // namespace xgrid::worker
