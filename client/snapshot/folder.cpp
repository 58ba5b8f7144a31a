#include "client/snapshot/folder.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include "client/utf8.hpp"

namespace xgrid::client {

EntryKind kind_of(const FileStamp& stamp) {
    if (S_ISLNK(stamp.mode)) return EntryKind::link;
    return (stamp.mode & S_IXUSR) != 0 ? EntryKind::executable : EntryKind::file;
}

std::string path_below(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
}

std::string path_in(const Place& place, const std::string& path) {
    if (place.at.empty()) return path;
    return path.size() == place.at.size() ? "" : path.substr(place.at.size() + 1);
}

std::string shown(const std::string& path) {
    std::string text;
    for_each_code_point(path, [&](char32_t point, std::string_view bytes) {
        if (point < ' ' || point == 0x7f) {
            text += fmt::format("\\x{:02x}", static_cast<unsigned>(point));
        } else {
            text += bytes;
        }
    });
    return text;
}

}  // namespace xgrid::client
