#include "client/code.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <sys/eventfd.h>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "client/libraries.hpp"
#include "client/within.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

bool asks_for_earlier_runs(const std::vector<std::string>& arguments) {
    constexpr std::array<std::string_view, 11> options = {
        "--lf",           "--last-failed",
        "--ff",           "--failed-first",
        "--nf",           "--new-first",
        "--sw",           "--stepwise",
        "--lfnf",         "--last-failed-no-failures",
        "--stepwise-skip"};
    return std::ranges::any_of(arguments, [&](const std::string& argument) {
        return std::ranges::find(options, argument.substr(0, argument.find('='))) != options.end();
    });
}

// What test tools and editors write beside the code, besides what usually stays behind.
constexpr std::array also_unwatched = {".coverage",   ".coverage.*", "htmlcov", ".hypothesis",
                                       ".benchmarks", "*.sw?",       ".#*",     "#*#"};

std::vector<std::string> written_by_pytest(const std::vector<std::string>& arguments) {
    constexpr std::array<std::string_view, 4> options = {"--basetemp", "--log-file", "--report-log",
                                                         "--html"};
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::size_t equals = arguments[i].find('=');
        const std::string name = arguments[i].substr(0, equals);
        if (std::ranges::find(options, name) == options.end()) continue;
        if (equals != std::string::npos) {
            paths.push_back(arguments[i].substr(equals + 1));
        } else if (i + 1 < arguments.size()) {
            paths.push_back(arguments[i + 1]);
        }
    }
    return paths;
}

// Programs that are named, and what they need beside the system's libraries.
void add_targets(const Options& options, SnapshotSettings& settings) {
    if (options.sync.targets.empty()) return;
    const LoaderPlaces places = own_loader_places();
    std::vector<Library> carried;
    for (const std::string& target : options.sync.targets) {
        settings.extra.push_back(target);
        for (const std::string& program : programs_in(target)) {
            for (const Library& library : libraries_of(program, options.sync.root, places)) {
                if (is_within(library.path, options.sync.root)) {
                    settings.extra.push_back(library.path);
                }
                if (!library.found_in_copies) carried.push_back(library);
            }
        }
    }
    if (!carried.empty()) settings.extra.push_back(put_together(carried));
}

// Where the run was submitted; empty: in the root.
std::string below_root(const Options& options) {
    const fs::path directory = options.spec.directory;
    const fs::path below = directory.lexically_relative(options.sync.root);
    return below != "." && is_within(directory, options.sync.root) ? below.string() : "";
}

// Folders of this machine that copies are to be in.
std::vector<fs::path> copies_here(const Options& options) {
    std::vector<fs::path> folders;
    for (const XSpec& spec : options.environments.environments) {
        if (spec.reach != Reach::popen || !spec.via.empty() || spec.chdir.empty()) continue;
        folders.emplace_back(spec.chdir);
    }
    return folders;
}

}  // namespace

void check_copies(const Options& options) {
    for (const std::string& target : options.sync.targets) {
        if (!takes_code_along(options) || is_within(target, options.sync.root)) continue;
        throw Fatal(fmt::format("{} lies outside of the project ({}), so it is not there where "
                                "tests run in a copy: put it into the project",
                                target, options.sync.root),
                    4);
    }
    for (const fs::path& copy : copies_here(options)) {
        std::error_code none;
        const fs::path real = fs::weakly_canonical(copy, none);
        if (!is_within(fs::weakly_canonical(options.sync.root, none), none ? copy : real)) continue;
        throw Fatal(
            fmt::format("chdir={}: a copy cannot lie where the project lies ({}), or above it",
                        copy.string(), options.sync.root),
            4);
    }
}

bool takes_code_along(const Options& options) {
    return std::ranges::any_of(options.spec.environments,
                               [](const Environment& one) { return !one.in_place; });
}

std::string directory_of_tests(const Options& options, const Environment& environment) {
    if (environment.in_place) return options.spec.directory;
    fs::path directory = fs::path(environment.folder) / below_root(options);
    std::string text = directory.lexically_normal();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

std::vector<std::pair<std::string, std::string>> copied_folders(
    const Options& options, const std::vector<std::string>& workspaces) {
    std::vector<std::pair<std::string, std::string>> folders;
    for (const std::string& workspace : workspaces) {
        for (const fs::path folder : options.sync.folders) {
            if (is_within(folder, options.sync.root)) continue;
            folders.emplace_back(fs::path(workspace) / folder.filename(), folder);
        }
        folders.emplace_back(workspace, options.sync.root);
    }
    return folders;
}

SnapshotSettings snapshot_settings(const Options& options) {
    SnapshotSettings settings{.root = options.sync.root,
                              .extra = options.sync.folders,
                              .ignore = options.sync.ignores,
                              .empty_folders = options.sync.empty_folders};
    if (options.sync.take_all) settings.left_out.clear();
    // A copy does not hold itself.
    for (const fs::path& copy : copies_here(options)) {
        if (!is_within(copy, options.sync.root)) continue;
        settings.ignore.push_back(copy.lexically_normal());
    }
    // Slots read what earlier runs have left there; here it is kept (reports.cpp).
    const fs::path cache = fs::path(options.sync.root) / ".pytest_cache";
    std::error_code none;
    if (asks_for_earlier_runs(options.spec.arguments) && fs::is_directory(cache, none)) {
        settings.extra.push_back(cache);
    }
    add_targets(options, settings);
    // Reports are written while tests run.
    for (const std::string& report :
         {options.junit_xml, options.json, options.tap, options.html, options.perfetto}) {
        if (report.empty() || report == "-") continue;
        settings.ignore.push_back(fs::absolute(report).lexically_normal());
    }
    return settings;
}

std::vector<SnapshotSettings> watch_settings(const Options& options) {
    SnapshotSettings usual = snapshot_settings(options);
    usual.extra = options.sync.folders;
    usual.extra.insert(usual.extra.end(), options.sync.targets.begin(), options.sync.targets.end());
    usual.left_out = usually_left_out();  // tools write that as tests run
    for (const char* name : also_unwatched) usual.left_out.emplace_back(name);
    usual.empty_folders = true;  // where files may come to be
    for (const std::string& path : written_by_pytest(options.spec.arguments)) {
        usual.ignore.push_back((fs::path(options.spec.directory) / path).lexically_normal());
    }
    if (options.watch_roots.empty()) return {std::move(usual)};
    std::vector<SnapshotSettings> places;
    for (const std::string& root : options.watch_roots) {
        std::error_code none;
        if (!fs::is_directory(root, none)) {
            throw Fatal(fmt::format("looponfailroots: '{}' is no folder", root), 4);
        }
        places.push_back(usual);
        places.back().root = root;
        places.back().extra.clear();
    }
    return places;
}

TreeSpec tree_spec(const Options& options, const Snapshot& snapshot) {
    TreeSpec spec{.id = snapshot.id, .project = options.sync.root, .keep = options.sync.keep};
    spec.directory = below_root(options);
    for (const Place& place : snapshot.places) spec.places[place.at] = place.directory;
    return spec;
}

struct SnapshotTask::Shared {
    Descriptor done{eventfd(0, EFD_CLOEXEC)};
    std::mutex mutex;
    std::optional<Result<std::shared_ptr<const Snapshot>>> result;
};

SnapshotTask::SnapshotTask(SnapshotSettings settings) : shared_(std::make_shared<Shared>()) {
    if (!shared_->done) throw Fatal(fmt::format("cannot read the code: {}", strerror(errno)));
    std::thread([shared = shared_, settings = std::move(settings)] {
        Result<std::shared_ptr<const Snapshot>> result = Error{};
        try {
            Result<Snapshot> taken = take_snapshot(settings, std::chrono::system_clock::now());
            if (taken) {
                result =
                    std::shared_ptr<const Snapshot>(std::make_shared<Snapshot>(std::move(*taken)));
            } else {
                result = Error{taken.error()};
            }
        } catch (const std::exception& error) {
            result = Error{error.what()};
        }
        {
            const std::lock_guard lock(shared->mutex);
            shared->result = std::move(result);
        }
        eventfd_write(shared->done.get(), 1);
    }).detach();
}

int SnapshotTask::descriptor() const { return shared_->done.get(); }

std::optional<Result<std::shared_ptr<const Snapshot>>> SnapshotTask::result() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->result;
}

}  // namespace xgrid::client
