#include "broker/labels.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace xgrid::broker {
namespace {

bool has_value(std::string_view values, std::string_view wanted) {
    while (true) {
        const std::size_t comma = std::min(values.find(','), values.size());
        if (values.substr(0, comma) == wanted) return true;
        if (comma == values.size()) return false;
        values.remove_prefix(comma + 1);
    }
}

bool has_values(const std::string& values, const std::string& wanted) {
    if (values == wanted) return true;
    const std::vector<std::string> all = values_of(wanted);
    return std::ranges::all_of(all, [&](const std::string& one) { return has_value(values, one); });
}

}  // namespace

std::vector<std::string> values_of(const std::string& label) {
    std::vector<std::string> values;
    std::size_t from = 0;
    for (std::size_t comma = 0; (comma = label.find(',', from)) != std::string::npos;) {
        values.push_back(label.substr(from, comma - from));
        from = comma + 1;
    }
    values.push_back(label.substr(from));
    return values;
}

bool has_all(const Labels& labels, const Labels& wanted) {
    return std::ranges::all_of(wanted, [&](const auto& one) {
        const auto found = labels.find(one.first);
        return found != labels.end() && has_values(found->second, one.second);
    });
}

std::string text_of(const Labels& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
    }
    return text;
}

}  // namespace xgrid::broker
