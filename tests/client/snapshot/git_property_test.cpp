// Random trees with all that file systems allow, beside what git itself makes of them.
#include <array>
#include <cstddef>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "client/snapshot/ignore_rules.hpp"
#include "tests/client/snapshot/disk_fixture.hpp"

namespace xgrid::client {
namespace {

using namespace std::string_literals;
namespace fs = std::filesystem;

const std::vector<std::string> names = {"a",        "b",           "c",          "ab",
                                        "a.b",      "a0",          "a-",         "build",
                                        "doc",      "src",         "keep.log",   "x.log",
                                        "y.o",      "foo bar",     "trailing ",  "\u00e9t\u00e9",
                                        "\xff\xfe", "new\nline",   ".hidden",    "#hash",
                                        "!bang",    "back\\slash", "[z]",        "star*",
                                        "Makefile", "-dash",       "\"quoted\"", "tab\there",
                                        "d1",       "d2"};

const std::vector<std::string> patterns = {"a",
                                           "b/",
                                           "/a",
                                           "*.log",
                                           "!keep.log",
                                           "a/**/b",
                                           "**/b",
                                           "a/**",
                                           "*",
                                           "!*/",
                                           "d?",
                                           "[a-c]*",
                                           "[!a]*",
                                           "\\#hash",
                                           "\\!bang",
                                           "foo\\ bar",
                                           "foo bar",
                                           "x.log  ",
                                           "trailing\\ ",
                                           "a*b",
                                           "*a*",
                                           "**",
                                           "***",
                                           "a**",
                                           "**a/b",
                                           "a/*",
                                           "/*",
                                           "!/a",
                                           "*/b",
                                           "[[:alpha:]]*",
                                           "[]a]",
                                           "[a",
                                           "a\\",
                                           "",
                                           "# comment",
                                           "build",
                                           "build/",
                                           "!build/",
                                           "/src/*.o",
                                           "*.o",
                                           "!*.o",
                                           "doc/a",
                                           "!doc/a",
                                           "src/**/*.log",
                                           "!x.log",
                                           "[^[:digit:]]",
                                           "*\\ ",
                                           "!a/",
                                           "\\[z\\]",
                                           "star\\*",
                                           "back\\\\slash",
                                           "?",
                                           "**/",
                                           "/**",
                                           "a**/b",
                                           "/a/b",
                                           "!b",
                                           "d1/",
                                           "!d1/a",
                                           "**/a/**",
                                           "*.*",
                                           "!.gitignore",
                                           "\xff*",
                                           "c/\r"};

class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}

    std::size_t number(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
    }
    bool one_in(std::size_t count) { return number(count) == 0; }
    const std::string& any(const std::vector<std::string>& of) { return of[number(of.size())]; }

    std::string rules() {
        std::string text;
        const std::size_t count = 1 + number(4);
        for (std::size_t i = 0; i < count; ++i) text += any(patterns) + "\n";
        if (one_in(4)) text.pop_back();
        return text;
    }

    void fill(const fs::path& folder, std::size_t depth) {
        fs::create_directories(folder);
        if (one_in(depth == 0 ? 2 : 4)) write(folder / ".gitignore", rules());
        const std::size_t count = 1 + number(depth == 0 ? 9 : 5);
        for (std::size_t i = 0; i < count; ++i) add(folder / any(names), depth);
    }

private:
    static void write(const fs::path& file, const std::string& content) {
        std::ofstream(file, std::ios::binary) << content;
    }

    void add(const fs::path& path, std::size_t depth) {
        std::error_code none;
        if (fs::exists(fs::symlink_status(path, none))) return;
        switch (number(9)) {
            case 0:
            case 1:
            case 2:
                if (depth < 4) return fill(path, depth + 1);
                break;
            case 3: return link(path, depth);
            case 4:
                write(path, "#!/bin/sh\n");
                fs::permissions(path, fs::perms::owner_all);
                return;
            case 5:
                if (one_in(3)) fs::create_directory(path);
                if (one_in(3)) mkfifo(path.c_str(), 0600);
                return;
            default: break;
        }
        const std::array<std::string, 5> contents = {"", "line\r\nline\n", "\0\xff binary"s,
                                                     "$Id$\n", "same"};
        write(path, contents[number(contents.size())]);
        if (one_in(5)) {
            fs::permissions(path, fs::perms::owner_read | fs::perms::group_exec);
        }
    }

    void link(const fs::path& path, std::size_t depth) {
        std::string target;
        for (std::size_t up = number(depth + 1); up > 0; --up) target += "../";
        fs::create_symlink(target + any(names), path);
    }

    std::mt19937 random_;
};

// Ignored files that are tracked all the same, each with a zero byte.
std::string some_files(const fs::path& root, Generator& generator) {
    std::string list;
    for (auto at = fs::recursive_directory_iterator(root); at != fs::end(at); ++at) {
        if (at->path().filename() == ".git") at.disable_recursion_pending();
        const fs::file_status status = at->symlink_status();
        if (!fs::is_regular_file(status) && !fs::is_symlink(status)) continue;
        if (!generator.one_in(6)) continue;
        list += at->path().lexically_relative(root).string();
        list += '\0';
    }
    return list;
}

std::string of_git(const DiskFixture& disk, const std::string& start, const std::string& add) {
    return disk.run(start +
                    " && { test ! -s ../tracked || git --literal-pathspecs add -f "
                    "--pathspec-from-file=../tracked --pathspec-file-nul; } && " +
                    add + " && git write-tree");
}

// Patterns of any kind, most of them odd.
std::string random_rules(Generator& generator) {
    const std::vector<std::string> parts = {"a",   "a",   "b", "*", "*",           "?",     "/",
                                            "/",   "[",   "]", "!", "-",           "^",     "\\",
                                            "**/", "/**", ".", " ", "[[:alpha:]]", "[a-b]*"};
    std::string rules;
    for (std::size_t lines = 1 + generator.number(4); lines > 0; --lines) {
        for (std::size_t i = generator.number(9); i > 0; --i) rules += generator.any(parts);
        rules += '\n';
    }
    return rules;
}

std::string random_path(Generator& generator) {
    const std::vector<std::string> parts = {"a", "b", "a", "b", "a", "b",  ".a", "-",
                                            "[", "]", "!", "^", " ", "\\", "ab"};
    std::string path;
    for (std::size_t folders = 1 + generator.number(4); folders > 0; --folders) {
        if (!path.empty()) path += '/';
        for (std::size_t i = 1 + generator.number(3); i > 0; --i) path += generator.any(parts);
    }
    return path;
}

bool ignored_or_in_ignored(const IgnoreRules& rules, const std::string& path) {
    for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
        if (rules.ignore(path.substr(0, end), true).value_or(false)) return true;
    }
    return rules.ignore(path, false).value_or(false);
}

}  // namespace

TEST_CASE("any rules ignore what git says that they do") {
    const DiskFixture disk;
    disk.run("git init -q");
    Generator generator(1);
    for (int round = 0; round < 40; ++round) {
        const std::string text = random_rules(generator);
        CAPTURE(text);
        disk.write(".gitignore", text);
        const IgnoreRules rules(text);
        std::string paths;
        std::string ignored;
        for (int i = 0; i < 100; ++i) {
            const std::string path = random_path(generator);
            paths.append(path).append(1, '\0');
            if (ignored_or_in_ignored(rules, path)) ignored.append(path).append(1, '\0');
        }
        std::ofstream(disk.top() / "paths", std::ios::binary) << paths;
        // It says so by 1 when none is.
        const std::string of_git =
            disk.run("git check-ignore --no-index -z --stdin <../paths || test $? = 1");
        CHECK((of_git == ignored));
    }
}

TEST_CASE("a snapshot of a repository is the tree that git would make of all that is not ignored") {
    for (unsigned seed = 1; seed <= 45; ++seed) {
        CAPTURE(seed);
        DiskFixture disk;
        Generator generator(seed);
        generator.fill(disk.root(), 0);
        if (generator.one_in(3)) {
            fs::create_directories(disk.top() / "home/.config/git");
            std::ofstream(disk.top() / "home/.config/git/ignore") << generator.rules();
        }
        std::ofstream(disk.top() / "exclude") << (generator.one_in(3) ? generator.rules() : "");
        std::ofstream(disk.top() / "tracked")
            << (generator.one_in(2) ? some_files(disk.root(), generator) : "");
        SnapshotSettings settings = disk.settings();
        settings.left_out.clear();

        const std::string tree =
            of_git(disk, "git init -q && cp ../exclude .git/info/exclude", "git add -A");
        const std::string before =
            disk.run("find .git -type f -exec stat -c '%n %y %s' {} + | sort");
        const Snapshot snapshot = disk.snapshot(settings);
        CHECK(snapshot.git_id.hex() == tree);
        CHECK(disk.run("find .git -type f -exec stat -c '%n %y %s' {} + | sort") == before);

        if (seed % 3 == 0) {
            const std::string in_sha256 = "export GIT_DIR=../sha256 GIT_WORK_TREE=.; ";
            CHECK(of_git(disk,
                         in_sha256 +
                             "git init -q --object-format=sha256 && cp ../exclude ../sha256/info/",
                         "git add -A") == snapshot.id.hex());
        }
        // What is left of the repository in one of its folders.
        for (const Folder& folder : snapshot.folders) {
            if (folder.gone || folder.path.empty() || folder.path.find('/') != std::string::npos) {
                continue;
            }
            SnapshotSettings of_folder = settings;
            of_folder.root = disk.root() / folder.path;
            of_folder.outside_links = OutsideLinks::leave_out;
            const Snapshot alone = disk.snapshot(of_folder);
            if (alone.warnings.empty()) CHECK(alone.git_id == folder.git_id);
        }
    }
}

TEST_CASE("a snapshot of a folder without a repository is the tree of everything in it") {
    for (unsigned seed = 1001; seed <= 1020; ++seed) {
        CAPTURE(seed);
        DiskFixture disk;
        Generator generator(seed);
        generator.fill(disk.root(), 0);
        std::ofstream(disk.top() / "tracked") << "";
        SnapshotSettings settings = disk.settings();
        settings.left_out.clear();
        const std::string elsewhere = "export GIT_DIR=../git GIT_WORK_TREE=.; git init -q";
        CHECK(of_git(disk, elsewhere, "git add -A -f") == disk.snapshot(settings).git_id.hex());
    }
}

TEST_CASE("an ignored folder that is named travels whole") {
    for (unsigned seed = 2001; seed <= 2020; ++seed) {
        CAPTURE(seed);
        DiskFixture disk;
        Generator generator(seed);
        generator.fill(disk.root() / "build/out", 2);
        generator.fill(disk.root(), 0);
        disk.write(".gitignore", "build\n" + generator.rules());
        std::ofstream(disk.top() / "tracked") << "";
        SnapshotSettings settings = disk.settings();
        settings.left_out.clear();
        settings.extra = {disk.root() / "build/out"};
        const std::string tree =
            of_git(disk, "git init -q", "git add -A && git add -A -f build/out");
        CHECK(disk.snapshot(settings).git_id.hex() == tree);
    }
}

}  // namespace xgrid::client
