#include "client/warning_list.hpp"

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr std::size_t places_listed = 10;  // from so many on they are counted by file

std::string indented(const std::string& text) {
    std::string result = "  ";
    for (const char letter : text) {
        result += letter;
        if (letter == '\n') result += "  ";
    }
    while (result.ends_with(' ') || result.ends_with('\n')) result.pop_back();
    return result + "\n";
}

}  // namespace

void WarningList::add(const Warning& warning, const Places& places) {
    const auto [known, is_new] = known_.emplace(warning.text, warnings_.size());
    if (is_new) warnings_.emplace_back(warning.text, std::vector<std::string>());
    warnings_[known->second].second.push_back(
        warning.test.empty() ? fmt::format("{}:{}", places.path(warning.path), warning.line)
                             : warning.test);
}

std::string WarningList::render(const Markup& markup) const {
    if (warnings_.empty()) return {};
    std::string text = markup.line('=', "warnings summary", Hue::yellow) + "\n";
    for (const auto& [warning, places] : warnings_) {
        if (places.size() < places_listed) {
            for (const std::string& place : places) text += printable(place) + "\n";
        } else {
            std::map<std::string, std::size_t> by_file;
            for (const std::string& place : places) ++by_file[place.substr(0, place.find("::"))];
            for (const auto& [file, count] : by_file) {
                text += fmt::format("{}: {} warning{}\n", file, count, count == 1 ? "" : "s");
            }
        }
        text += indented(warning) + "\n";
    }
    return text + "-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html\n";
}

}  // namespace xgrid::client
