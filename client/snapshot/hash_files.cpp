#include "client/snapshot/hash_files.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "client/snapshot/disk.hpp"
#include "shared/descriptor.hpp"

namespace xgrid::client {
namespace {

constexpr std::size_t piece_bytes = 262'144;
constexpr int attempts = 5;
// As bytes: what it takes to open a file; and what is worth another thread.
constexpr std::uint64_t file_costs = 32'768;
constexpr std::uint64_t thread_costs = 1'048'576;

struct Task {
    std::size_t folder = 0;
    std::size_t entry = 0;
};

enum class Reading { done, gone, changes, fails };

class Hasher {
public:
    Hasher(const Plan& plan, Walked& walked) : plan_(plan), walked_(walked) {}

    std::optional<Error> hash(const Task& task) {
        Folder& folder = walked_.folders[task.folder];
        Item& item = folder.items[task.entry];
        const std::string path = path_below(folder.path, folder.entries[task.entry].name);
        const std::string below = path_in(plan_.places[item.place], path);
        Reading reading = Reading::changes;
        for (int i = 0; i < attempts && reading == Reading::changes; ++i) {
            reading = read_once(walked_.places[item.place].get(), below.c_str());
        }
        const std::string& directory = plan_.places[item.place].directory;
        if (reading == Reading::fails) {
            const std::string why = strerror(errno);
            return Error{
                fmt::format("cannot read {}: {}", shown(path_below(directory, below)), why)};
        }
        if (reading == Reading::changes) {
            return Error{fmt::format("cannot take {} along: it changes while it is read",
                                     shown(path_below(directory, below)))};
        }
        item.gone = reading == Reading::gone;
        item.hashed = true;
        item.stamp = stamp_;
        folder.entries[task.entry].kind = kind_of(stamp_);
        folder.entries[task.entry].id = id_;
        folder.git_ids[task.entry] = git_id_;
        return std::nullopt;
    }

private:
    Reading read_once(int place, const char* path) {
        const Descriptor file = open_below(place, path);
        if (!file && errno == ELOOP) return Reading::changes;  // a link took its place
        if (!file) return is_gone(errno) ? Reading::gone : Reading::fails;
        const std::optional<FileStamp> before = stamp_of(file);
        if (!before) return Reading::fails;
        if (!S_ISREG(before->mode)) return Reading::changes;
        const Reading reading = read_content(file.get(), before->bytes);
        if (reading != Reading::done) return reading;
        const std::optional<FileStamp> after = stamp_of(file);
        if (!after) return Reading::fails;
        stamp_ = *before;
        return *after == *before ? Reading::done : Reading::changes;
    }

    Reading read_content(int file, std::uint64_t bytes) {
        ObjectHash<ObjectId> hash(ObjectKind::blob, bytes);
        ObjectHash<GitId> git_hash(ObjectKind::blob, bytes);
        std::uint64_t left = bytes;
        while (left > 0) {
            const std::size_t wanted = std::min<std::uint64_t>(left, piece_bytes);
            const ssize_t count = read(file, piece_.data(), wanted);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return Reading::fails;
            if (count == 0) return Reading::changes;
            const std::string_view piece(piece_.data(), static_cast<std::size_t>(count));
            hash.add(piece);
            git_hash.add(piece);
            left -= piece.size();
        }
        id_ = hash.finish();
        git_id_ = git_hash.finish();
        return Reading::done;
    }

    const Plan& plan_;
    Walked& walked_;
    std::vector<char> piece_ = std::vector<char>(piece_bytes);
    FileStamp stamp_;
    ObjectId id_;
    GitId git_id_;
};

std::vector<Task> find_tasks(const Walked& walked, std::uint64_t& cost) {
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < walked.folders.size(); ++i) {
        const std::vector<Item>& items = walked.folders[i].items;
        for (std::size_t j = 0; j < items.size(); ++j) {
            if (items[j].hashed) continue;
            tasks.push_back({.folder = i, .entry = j});
            cost += items[j].stamp.bytes + file_costs;
        }
    }
    return tasks;
}

}  // namespace

Result<std::uint64_t> hash_files(const Plan& plan, Walked& walked) {
    std::uint64_t cost = 0;
    const std::vector<Task> tasks = find_tasks(walked, cost);
    std::atomic<std::size_t> next = 0;
    const auto work = [&]() -> std::optional<Error> {
        Hasher hasher(plan, walked);
        for (std::size_t i = next++; i < tasks.size(); i = next++) {
            std::optional<Error> error = hasher.hash(tasks[i]);
            if (!error) continue;
            next = tasks.size();
            return error;
        }
        return std::nullopt;
    };

    std::future<std::optional<Error>> other;
    if (cost > thread_costs && tasks.size() > 1) {
        try {
            other = std::async(std::launch::async, work);
        } catch (const std::system_error&) {
            // No more threads for us: alone, then.
        }
    }
    std::optional<Error> error = work();
    if (other.valid()) {
        std::optional<Error> theirs = other.get();
        if (!error) error = std::move(theirs);
    }
    if (error) return *error;
    return std::uint64_t{tasks.size()};
}

}  // namespace xgrid::client
