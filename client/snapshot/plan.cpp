#include "client/snapshot/plan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <system_error>

#include <fmt/format.h>

#include "shared/cache_home.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

struct Freed {
    void operator()(char* text) const { std::free(text); }
};

// Absolute and without links; none: errno says why.
std::optional<std::string> real_path(const std::string& path) {
    const std::unique_ptr<char, Freed> real(realpath(path.c_str(), nullptr));
    if (!real) return std::nullopt;
    return real.get();
}

bool is_folder(const std::string& path) {
    struct stat facts = {};
    return stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

// Of a path in a folder, both without links: relative to it; none: it is elsewhere.
std::optional<std::string> below(const std::string& path, const std::string& folder) {
    if (path == folder) return "";
    const std::string start = folder == "/" ? folder : folder + "/";
    if (!path.starts_with(start)) return std::nullopt;
    return path.substr(start.size());
}

std::string base_name(std::string path) {
    while (path.ends_with('/')) path.pop_back();
    return path.substr(path.rfind('/') + 1);
}

class Planner {
public:
    explicit Planner(const SnapshotSettings& settings) : settings_(settings) {}

    Result<Plan> make() {
        const std::optional<std::string> root = real_path(settings_.root);
        if (!root) return cannot_take(settings_.root, strerror(errno));
        if (!is_folder(*root)) return cannot_take(settings_.root, "not a folder");
        plan_.places.push_back({.directory = *root});
        for (const std::string& extra : settings_.extra) {
            if (std::optional<Error> error = add(extra)) return *error;
        }
        hide_cache();
        return plan_;
    }

private:
    static Error cannot_take(const std::string& path, const std::string& why) {
        return Error{fmt::format("cannot take {} along: {}", shown(path), why)};
    }

    std::optional<Error> add(const std::string& extra) {
        const std::optional<std::string> real = real_path(extra);
        if (!real) return cannot_take(extra, strerror(errno));
        const std::optional<std::string> inside = below(*real, plan_.places.front().directory);
        if (inside && !is_in_cache(*real)) {
            if (("/" + *inside + "/").find("/.git/") != std::string::npos) {
                return cannot_take(extra, "what is in a .git never travels");
            }
            name_links_to(extra);
            plan_.named.push_back(*inside);
            return std::nullopt;
        }
        return add_beside(extra, *real);
    }

    // Without the links on its way a path leads nowhere in a copy.
    void name_links_to(const std::string& extra) {
        constexpr int links_most = 40;  // as the kernel has it
        int links = 0;
        fs::path at = "/";
        fs::path left = fs::path(extra).relative_path();
        while (!left.empty()) {
            const fs::path next = (at / *left.begin()).lexically_normal();
            fs::path rest;
            for (auto part = std::next(left.begin()); part != left.end(); ++part) rest /= *part;
            std::error_code error;
            const fs::path target = fs::read_symlink(next, error);
            if (error) {
                at = next;
                left = rest;
                continue;
            }
            if (++links > links_most) return;
            if (const auto inside = below(next, plan_.places.front().directory)) {
                plan_.named.push_back(*inside);
            }
            if (target.is_absolute()) at = "/";
            left = target.relative_path() / rest;
        }
    }

    // Which travels from nowhere, but for what was put there to travel.
    static bool is_in_cache(const std::string& real) {
        const std::optional<std::string> cache = real_path(cache_home());
        return cache && below(real, *cache).has_value();
    }

    std::optional<Error> add_beside(const std::string& extra, const std::string& real) {
        Beside beside{.name = base_name(extra), .directory = extra, .is_folder = is_folder(real)};
        if (beside.name == "." || beside.name == ".." || !beside.is_folder) {
            beside.name = base_name(real);
        }
        if (!fit_for_tree(beside.name)) {
            return cannot_take(extra, "its name cannot be in a tree");
        }
        Place place{.directory = real, .at = beside.name};
        if (!beside.is_folder) {
            place = {.directory = real.substr(0, std::max<std::size_t>(real.rfind('/'), 1))};
        }
        for (const Beside& other : plan_.beside) {
            if (other.name != beside.name) continue;
            if (real_path(other.directory) == real) return std::nullopt;
            return Error{fmt::format("cannot take both {} and {} along: they have the same name",
                                     shown(other.directory), shown(extra))};
        }
        beside.place = plan_.places.size();
        plan_.places.push_back(place);
        if (beside.is_folder) plan_.named.push_back(beside.name);
        plan_.beside.push_back(beside);
        return std::nullopt;
    }

    void hide_cache() {
        const std::optional<std::string> cache = real_path(cache_home());
        if (!cache) return;
        for (const Place& place : plan_.places) {
            const std::optional<std::string> inside = below(*cache, place.directory);
            if (inside && !inside->empty()) {
                plan_.hidden.push_back(place.at.empty() ? *inside : path_below(place.at, *inside));
            }
        }
    }

    const SnapshotSettings& settings_;
    Plan plan_;
};

}  // namespace

Result<Plan> make_plan(const SnapshotSettings& settings) { return Planner(settings).make(); }

}  // namespace xgrid::client
