#include "worker/frameworks/native/moved_paths.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace xgrid::worker::native {
namespace {

namespace fs = std::filesystem;

fs::path plain(const fs::path& path) {
    const fs::path normal = path.lexically_normal();
    return normal.has_filename() ? normal : normal.parent_path();
}

bool goes_on(std::string_view text, std::size_t at) {
    if (at >= text.size()) return false;
    const auto byte = static_cast<unsigned char>(text[at]);
    return std::isalnum(byte) != 0 || byte == '_' || byte == '-' || byte == '.' || byte == '+';
}

}  // namespace

MovedPaths::MovedPaths(const std::string& build_then, const std::string& source_then,
                       const std::string& build_now) {
    const fs::path then = plain(build_then);
    const fs::path now = plain(build_now);
    if (!then.is_absolute() || then == now) return;
    moved_.emplace_back(then.string(), now.string());
    const fs::path source = plain(source_then);
    if (source.is_absolute() && source != source.root_path()) {
        moved_.emplace_back(source.string(), plain(now / source.lexically_relative(then)).string());
    }
    std::ranges::sort(moved_, std::greater{}, [](const auto& pair) { return pair.first.size(); });
}

std::string MovedPaths::here(std::string_view text) const {
    std::string changed;
    for (std::size_t at = 0; at < text.size();) {
        const auto pair = std::ranges::find_if(moved_, [&](const auto& each) {
            return text.substr(at).starts_with(each.first) &&
                   !goes_on(text, at + each.first.size());
        });
        if (pair == moved_.end()) {
            changed += text[at++];
        } else {
            changed += pair->second;
            at += pair->first.size();
        }
    }
    return changed;
}

}  // namespace xgrid::worker::native
