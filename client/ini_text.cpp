#include "client/ini_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "client/words.hpp"

namespace xgrid::client {
namespace {

bool is_comment(std::string_view line) {
    const std::string_view text = trimmed(line);
    return text.starts_with('#') || text.starts_with(';');
}

bool is_continued(std::string_view line) { return line[0] == ' ' || line[0] == '\t'; }

// "[name]", with a comment after it perhaps; empty: it is none.
std::string_view section_name(std::string_view line) {
    if (!line.starts_with('[')) return {};
    const std::string_view text = trimmed(line.substr(0, line.find_first_of("#;")));
    return text.ends_with(']') ? text.substr(1, text.size() - 2) : std::string_view{};
}

// Where the name ends; npos: nowhere.
std::size_t separator(std::string_view line) {
    const std::size_t equals = line.find('=');
    const std::size_t colon = line.find(':');
    return std::min(equals, colon);
}

}  // namespace

Result<std::map<std::string, IniSection>> parse_ini(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    std::map<std::string, IniSection> sections;
    IniSection* section = nullptr;
    std::string* value = nullptr;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto fault = [&](const char* what) {
            return Error{fmt::format("line {}: {}", number, what)};
        };
        if (trimmed(line).empty() || is_comment(line)) continue;
        if (is_continued(line)) {
            if (value == nullptr) return fault("continues nothing");
            if (!value->empty()) *value += '\n';
            *value += trimmed(line);
        } else if (const std::string_view name = section_name(line); !name.empty()) {
            const auto [place, fresh] = sections.try_emplace(std::string(name));
            if (!fresh) return fault("a section that was there before");
            section = &place->second;
            value = nullptr;
        } else {
            const std::size_t at = separator(line);
            if (at == std::string_view::npos) return fault("neither a section nor 'name = value'");
            if (section == nullptr) return fault("a value before any section");
            const auto [place, fresh] = section->try_emplace(
                std::string(trimmed(line.substr(0, at))), trimmed(line.substr(at + 1)));
            if (!fresh) return fault("a name that was there before");
            value = &place->second;
        }
    }
    return sections;
}

}  // namespace xgrid::client
