#include "client/loader_cache.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace xgrid::client {
namespace {

constexpr std::string_view mark = "glibc-ld.so.cache1.1";
constexpr std::size_t head_bytes = 48;
constexpr std::size_t entry_bytes = 24;  // flags, name, path, then what does not matter here

std::uint32_t number_at(std::string_view file, std::size_t at) {
    std::uint32_t number = 0;
    if (at + sizeof number <= file.size()) std::memcpy(&number, file.data() + at, sizeof number);
    return number;
}

std::string text_at(std::string_view file, std::size_t at) {
    if (at >= file.size()) return {};
    const std::string_view rest = file.substr(at);
    return std::string(rest.substr(0, rest.find('\0')));
}

}  // namespace

std::map<std::string, std::vector<std::string>> read_loader_cache(std::string_view file) {
    std::map<std::string, std::vector<std::string>> found;
    const std::size_t begin = file.find(mark);
    if (begin == std::string_view::npos) return found;
    file.remove_prefix(begin);
    const std::uint32_t count = number_at(file, mark.size());
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = head_bytes + i * entry_bytes;
        if (at + entry_bytes > file.size()) break;
        const std::string name = text_at(file, number_at(file, at + 4));
        const std::string path = text_at(file, number_at(file, at + 8));
        if (!name.empty() && path.starts_with('/')) found[name].push_back(path);
    }
    return found;
}

}  // namespace xgrid::client
