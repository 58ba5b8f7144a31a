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

#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

bool is_within(const fs::path& path, const fs::path& folder) {
    const fs::path below = path.lexically_relative(folder);
    return !below.empty() && *below.begin() != "..";
}

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
    // Reports are written while tests run.
    for (const std::string& report : {options.junit_xml, options.json}) {
        if (report.empty() || report == "-") continue;
        settings.ignore.push_back(fs::absolute(report).lexically_normal());
    }
    return settings;
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
