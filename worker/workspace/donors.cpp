#include "worker/workspace/donors.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>

#include <fmt/format.h>

namespace xgrid::worker {
namespace {

bool is_file(const ListedEntry& entry) {
    return entry.kind == EntryKind::file || entry.kind == EntryKind::executable;
}

}  // namespace

Result<Donors> Donors::gather(const Listing& wanted, const Differences& differences,
                              const std::vector<std::uint32_t>& held_of, const Examination& how,
                              int aside) {
    Donors gathered;
    if (how.held.folders.empty()) return gathered;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        for (std::size_t k = 0; k < wanted[i].entries.size(); ++k) {
            const ListedEntry& entry = wanted[i].entries[k];
            if (!is_file(entry) || differences.folders[i].unchanged[k]) continue;
            ++gathered.donors_[entry.id].takers;
        }
    }
    if (gathered.donors_.empty()) return gathered;

    std::vector<std::uint32_t> wanted_of(how.held.folders.size(), nowhere);
    for (std::uint32_t i = 0; i < wanted.size(); ++i) {
        if (held_of[i] != nowhere) wanted_of[held_of[i]] = i;
    }
    std::size_t moved = 0;
    for (std::size_t h = 0; h < how.held.folders.size(); ++h) {
        const ListedFolder& held = how.held.folders[h];
        std::optional<Descriptor> folder;
        for (const ListedEntry& entry : held.entries) {
            if (!is_file(entry)) continue;
            const auto found = gathered.donors_.find(entry.id);
            if (found == gathered.donors_.end()) continue;
            Donor& donor = found->second;
            if (!donor.path.empty() || !donor.aside.empty()) continue;

            if (wanted_of[h] != nowhere) {
                const ListedFolder& same = wanted[wanted_of[h]];
                const ListedEntry* stays = find_entry(same, entry.name);
                if (stays != nullptr &&
                    differences.folders[wanted_of[h]]
                        .unchanged[static_cast<std::size_t>(stays - same.entries.data())]) {
                    if (stays->id == entry.id && is_file(*stays)) {
                        donor.path = path_in(held.path, entry.name);
                    }
                    continue;
                }
            }
            if (!folder) folder = how.root.folder(held.path);
            struct stat numbers = {};
            bool verified = false;
            if (!*folder ||
                ::fstatat(folder->get(), entry.name.c_str(), &numbers, AT_SYMLINK_NOFOLLOW) != 0 ||
                check_held(folder->get(), entry, numbers, how, verified) != Held::as_written) {
                continue;
            }
            const std::string name = fmt::format("moved-{}", moved++);
            if (::renameat(folder->get(), entry.name.c_str(), aside, name.c_str()) != 0) {
                return Error{fmt::format("cannot move {} ({})", path_in(held.path, entry.name),
                                         std::strerror(errno))};
            }
            donor.aside = name;
        }
    }
    return gathered;
}

const Donors::Donor* Donors::of(const ObjectId& id) const {
    const auto found = donors_.find(id);
    const bool gives =
        found != donors_.end() && (!found->second.path.empty() || !found->second.aside.empty());
    return gives ? &found->second : nullptr;
}

}  // namespace xgrid::worker
