#include "shared/toml_text.hpp"

#include <array>
#include <toml++/toml.h>

#include <fmt/format.h>

namespace xgrid {
namespace {

TomlValue plain(const toml::node& node);

TomlTable plain(const toml::table& table) {
    TomlTable values;
    for (const auto& [key, node] : table) values.emplace(std::string(key.str()), plain(node));
    return values;
}

TomlValue plain(const toml::node& node) {
    const std::size_t line = node.source().begin.line;
    if (const auto* table = node.as_table()) return {plain(*table), line};
    if (const auto* array = node.as_array()) {
        TomlList values;
        for (const toml::node& item : *array) values.push_back(plain(item));
        return {std::move(values), line};
    }
    if (const auto* text = node.as_string()) return {text->get(), line};
    if (const auto* whole = node.as_integer()) return {whole->get(), line};
    if (const auto* real = node.as_floating_point()) return {real->get(), line};
    if (const auto* truth = node.as_boolean()) return {truth->get(), line};
    return {.line = line};
}

}  // namespace

Result<TomlTable> parse_toml(std::string_view text) {
    try {
        return plain(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return Error{fmt::format("line {}: {}", error.source().begin.line, error.description())};
    }
}

const TomlTable* table_at(const TomlTable& table, const std::vector<std::string>& names) {
    const TomlTable* at = &table;
    for (const std::string& name : names) {
        const auto found = at->find(name);
        if (found == at->end()) return nullptr;
        at = std::get_if<TomlTable>(&found->second.value);
        if (at == nullptr) return nullptr;
    }
    return at;
}

std::string kind_of(const TomlValue& value) {
    static constexpr std::array kinds = {"a date", "true or false", "a number", "a number",
                                         "text",   "a list",        "a table"};
    return kinds.at(value.value.index());
}

}  // namespace xgrid
