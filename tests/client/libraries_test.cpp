#include "client/libraries.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "client/loader_cache.hpp"
#include "client/targets.hpp"
#include "shared/elf.hpp"
#include "shared/ensure.hpp"
#include "shared/mapped_file.hpp"
#include "tests/client/temp_folder.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

void add(std::string& text, std::uint32_t number) {
    text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// As ldconfig writes it, in this machine's byte order.
std::string cache_with(const std::vector<std::pair<std::string, std::string>>& libraries) {
    std::string text = "glibc-ld.so.cache1.1";
    add(text, static_cast<std::uint32_t>(libraries.size()));
    text.resize(48);
    std::string names;
    const std::size_t names_at = 48 + 24 * libraries.size();
    for (const auto& [name, path] : libraries) {
        add(text, 0x303);
        add(text, static_cast<std::uint32_t>(names_at + names.size()));
        names += name + '\0';
        add(text, static_cast<std::uint32_t>(names_at + names.size()));
        names += path + '\0';
        text.resize(text.size() + 12);
    }
    return text + names;
}

// A system's library under that path, which this program needs.
std::string library_of_this_program(const TempFolder& folder, const std::string& below) {
    const MappedFile own("/proc/self/exe");
    const std::string name = read_elf(own.text()).value().needed.front();
    const auto cache = own_loader_places().cache;
    REQUIRE(cache.contains(name));
    fs::create_directories(folder / below);
    fs::copy_file(cache.at(name).front(), folder / (below + "/" + name));
    return name;
}

std::string content_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

struct OwnCache {
    explicit OwnCache(const std::string& folder) {
        if (const char* value = std::getenv("XGRID_CACHE_HOME")) before = value;
        setenv("XGRID_CACHE_HOME", folder.c_str(), 1);
    }
    ~OwnCache() {
        unsetenv("XGRID_CACHE_HOME");
        if (!before.empty()) setenv("XGRID_CACHE_HOME", before.c_str(), 1);
    }
    std::string before;
};

}  // namespace

TEST_CASE("the loader's cache is read in both of its forms, and a broken one as far as it goes") {
    const std::string text = cache_with({{"liba.so.1", "/opt/a/liba.so.1"},
                                         {"liba.so.1", "/usr/lib/liba.so.1"},
                                         {"libb.so", "/usr/lib/libb.so"}});
    const auto found = read_loader_cache(text);
    CHECK(found.at("liba.so.1") ==
          std::vector<std::string>{"/opt/a/liba.so.1", "/usr/lib/liba.so.1"});
    CHECK(found.size() == 2);
    CHECK(read_loader_cache("ld.so-1.7.0\0\0\0\0\0" + text) == found);
    CHECK(read_loader_cache("").empty());
    for (std::size_t size = 0; size < text.size(); ++size) {
        CHECK(read_loader_cache(text.substr(0, size)).size() <= 2);
    }
    std::string many = text;
    many.replace(20, 4, "\xff\xff\xff\x7f");
    CHECK(read_loader_cache(many).size() >= 2);
}

TEST_CASE("what packages bring is none of a program's own libraries") {
    CHECK(libraries_of("/proc/self/exe", "/nowhere", own_loader_places()).empty());
    CHECK(libraries_of("/nonexistent", "/", own_loader_places()).empty());
}

TEST_CASE("a library is where LD_LIBRARY_PATH says, before the system's; links are kept") {
    const TempFolder folder;
    const std::string name = library_of_this_program(folder, "libs");
    LoaderPlaces places = own_loader_places();
    places.loader_path = {folder / "none", folder / "libs"};
    const Library expected{.name = name, .path = folder / ("libs/" + name)};
    CHECK(libraries_of("/proc/self/exe", "/nowhere", places) == std::vector{expected});
    // No path in the program leads there: a copy would not find it, either.
    CHECK(libraries_of("/proc/self/exe", folder.path(), places) == std::vector{expected});

    fs::rename(folder / ("libs/" + name), folder / "libs/real");
    fs::create_symlink("real", folder / ("libs/" + name));
    CHECK(libraries_of("/proc/self/exe", "/nowhere", places) == std::vector{expected});
}

TEST_CASE("libraries of another machine are passed over") {
    const TempFolder folder;
    const std::string name = library_of_this_program(folder, "libs");
    std::fstream file(folder / ("libs/" + name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(18);
    file.put(8);  // EM_MIPS
    file.close();
    LoaderPlaces places = own_loader_places();
    places.loader_path = {folder / "libs"};
    CHECK(libraries_of("/proc/self/exe", "/nowhere", places).empty());
}

TEST_CASE("libraries are put together under their names, and anew only if they have changed") {
    const TempFolder folder;
    const OwnCache cache(folder / "cache");
    const std::vector<Library> libraries = {
        {.name = "liba.so.1", .path = folder.write("a/liba.so.1.2", "a")},
        {.name = "libb.so", .path = folder.write("b/libb.so", "b")},
        {.name = "libb.so", .path = folder.write("c/libb.so", "b")}};
    const fs::path together = put_together(libraries);
    CHECK(together.filename() == ".xgrid-libraries");
    CHECK(content_of(together / "liba.so.1") == "a");
    CHECK(content_of(together / "libb.so") == "b");
    const auto written = fs::last_write_time(together);
    CHECK(put_together(libraries) == together);
    CHECK(fs::last_write_time(together) == written);
    folder.write("a/liba.so.1.2", "new");
    CHECK(put_together(libraries) == together);
    CHECK(content_of(together / "liba.so.1") == "new");
    folder.write("c/libb.so", "other");
    CHECK_THROWS_AS(put_together(libraries), Fatal);
}

TEST_CASE("targets are what is there, once; those in the root are named as from where one is") {
    const TempFolder folder;
    folder.write("project/build/unit", "");
    folder.make("project/src");
    folder.write("outside", "");
    const std::string root = folder / "project";
    std::vector<std::string> words = {
        "../build/unit::A.b", root + "/build/unit", "-k",   "../build", "--option",
        folder / "outside",   "../build/",          "none", "--",       "../build/unit"};
    CHECK(take_targets(words, root + "/src", root) ==
          std::vector{root + "/build/unit", folder / "outside", root + "/build"});
    CHECK(words[0] == "../build/unit::A.b");
    CHECK(words[1] == "../build/unit");
    CHECK(words[5] == folder / "outside");

    fs::create_directory_symlink(root, folder / "link");
    words = {folder / "link/build/unit::A.b"};
    CHECK(take_targets(words, root, root) == std::vector{root + "/build/unit"});
    CHECK(words[0] == "build/unit::A.b");
}

}  // namespace xgrid::client
