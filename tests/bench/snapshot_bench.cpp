// A door to snapshots, for trying and for measuring: takes one of a folder, a few times in a row,
// and says how long that took. Not a part of what users get.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "client/snapshot/snapshot.hpp"
#include "client/snapshot/snapshot_source.hpp"

namespace {

using namespace xgrid::client;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

// Of everything in it, as for a worker that has nothing.
std::uint64_t read_all(SnapshotSource& source, const Snapshot& snapshot) {
    std::uint64_t bytes = 0;
    for (const Folder& folder : snapshot.folders) {
        if (folder.gone) continue;
        bytes += source.tree(folder.id)->size();
        for (const xgrid::TreeEntry& entry : folder.entries) {
            if (entry.kind == xgrid::EntryKind::folder) continue;
            bytes += *source.blob(entry.id, [](std::string_view) { return true; });
        }
    }
    return bytes;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        fmt::print(stderr,
                   "usage: snapshot ROOT [--rounds N] [--read] [--extra FOLDER] [--ignore GLOB]\n");
        return 4;
    }
    SnapshotSettings settings{.root = arguments[1]};
    int rounds = 1;
    bool read = false;
    for (int i = 2; i < count; ++i) {
        const std::string_view name = arguments[i];
        const std::string value = i + 1 < count ? arguments[i + 1] : "";
        if (name == "--read") {
            read = true;
            continue;
        }
        if (name == "--rounds") rounds = std::atoi(value.c_str());
        if (name == "--extra") settings.extra.push_back(value);
        if (name == "--ignore") settings.ignore.push_back(value);
        ++i;
    }
    for (int round = 0; round < rounds; ++round) {
        const Clock::time_point start = Clock::now();
        xgrid::Result<Snapshot> taken = take_snapshot(settings, std::chrono::system_clock::now());
        const double took = milliseconds(Clock::now() - start);
        if (!taken) {
            fmt::print(stderr, "{}\n", taken.error());
            return 3;
        }
        const SnapshotCounts& counts = taken->counts;
        for (const std::string& warning : taken->warnings) fmt::print("{}\n", warning);
        fmt::print("{} {} files {} links {} folders {} bytes {} hashed {} ms {:.1f}\n",
                   taken->id.hex(), taken->git_id.hex(), counts.files, counts.links, counts.folders,
                   counts.bytes, counts.hashed, took);
        if (!read) continue;
        const Clock::time_point read_start = Clock::now();
        const auto snapshot = std::make_shared<const Snapshot>(std::move(*taken));
        SnapshotSource source(snapshot);
        const double opened = milliseconds(Clock::now() - read_start);
        const std::uint64_t bytes = read_all(source, *snapshot);
        fmt::print("source ms {:.1f}, {} bytes read ms {:.1f}\n", opened, bytes,
                   milliseconds(Clock::now() - read_start));
    }
    return 0;
}
