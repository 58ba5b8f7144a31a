#include "shared/cache_home.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

namespace xgrid {
namespace {

TEST_CASE("the cache is the user's own choice, or where the system keeps such things") {
    const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "/home/a", 1);
    CHECK(cache_home() == "/home/a/.cache/xgrid");
    setenv("XDG_CACHE_HOME", "/caches", 1);
    CHECK(cache_home() == "/caches/xgrid");
    setenv("XGRID_CACHE_HOME", "/own", 1);
    CHECK(cache_home() == "/own");
    setenv("XGRID_CACHE_HOME", "here", 1);
    CHECK(cache_home() == std::filesystem::current_path() / "here");
    unsetenv("XGRID_CACHE_HOME");
    unsetenv("XDG_CACHE_HOME");
    if (home.empty()) {
        unsetenv("HOME");
    } else {
        setenv("HOME", home.c_str(), 1);
    }
}

}  // namespace
}  // namespace xgrid
