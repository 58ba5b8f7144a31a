#include "client/places.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace xgrid::client {
namespace {

std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < path.size();) {
        const std::size_t end = std::min(path.find('/', from), path.size());
        const std::string part = path.substr(from, end - from);
        if (part == ".." && !parts.empty()) {
            parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        from = end + 1;
    }
    return parts;
}

}  // namespace

Places::Places(std::string directory, std::string root)
    : directory_(std::move(directory)), root_(std::move(root)) {}

std::string Places::path(const std::string& absolute) const {
    if (directory_.empty() || !absolute.starts_with('/')) return absolute;
    const std::vector<std::string> here = parts_of(directory_);
    const std::vector<std::string> there = parts_of(absolute);
    const auto [left, right] = std::ranges::mismatch(here, there);
    std::string relative;
    for (auto part = left; part != here.end(); ++part) relative += "../";
    for (auto part = right; part != there.end(); ++part) relative += *part + "/";
    if (relative.empty()) return ".";
    relative.pop_back();
    return relative;
}

std::string Places::id(const std::string& id) const {
    if (root_.empty() || root_ == directory_) return id;
    const std::size_t end = std::min(id.find("::"), id.size());
    return path(root_ + "/" + id.substr(0, end)) + id.substr(end);
}

}  // namespace xgrid::client
