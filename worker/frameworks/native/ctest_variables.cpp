#include "worker/frameworks/native/ctest_variables.hpp"

#include <string_view>

namespace xgrid::worker::native {
namespace {

void join(std::string& value, std::string_view more, std::string_view between, bool before) {
    if (value.empty()) between = {};
    value = before ? std::string(more).append(between).append(value)
                   : value.append(between).append(more);
}

bool apply(std::string_view operation, std::string& value, std::string_view more) {
    constexpr std::string_view append = "_append";
    constexpr std::string_view prepend = "_prepend";
    const bool before = operation.ends_with(prepend);
    if (!before && !operation.ends_with(append)) return false;
    operation.remove_suffix(before ? prepend.size() : append.size());
    if (operation == "string") {
        join(value, more, "", before);
    } else if (operation == "path_list") {
        join(value, more, ":", before);
    } else if (operation == "cmake_list") {
        join(value, more, ";", before);
    } else {
        return false;
    }
    return true;
}

}  // namespace

Result<Variables> ctest_variables(const CTestEntry& entry, const Inherited& inherited) {
    // Set by ctest for all tests. Resources it gives with a specification only, which is not ours.
    Variables set = {{"CTEST_INTERACTIVE_DEBUG_MODE", "1"},
                     {"CTEST_RESOURCE_GROUP_COUNT", std::nullopt}};
    for (const std::string& text : entry.environment) {
        const std::size_t equals = text.find('=');
        if (equals == text.npos) {
            set[text] = std::nullopt;
        } else {
            set[text.substr(0, equals)] = text.substr(equals + 1);
        }
    }

    Variables modified;
    for (const std::string& text : entry.environment_modifications) {
        const std::size_t equals = text.find('=');
        const std::size_t colon = equals == text.npos ? text.npos : text.find(':', equals);
        if (colon == text.npos) {
            return Error{"ENVIRONMENT_MODIFICATION is not NAME=OPERATION:VALUE: " + text};
        }
        const std::string name = text.substr(0, equals);
        const std::string operation = text.substr(equals + 1, colon - equals - 1);
        const std::string argument = text.substr(colon + 1);
        if (operation == "reset") {
            modified.erase(name);
        } else if (operation == "set") {
            modified[name] = argument;
        } else if (operation == "unset") {
            modified[name] = std::nullopt;
        } else {
            const auto earlier = set.find(name);
            std::optional<std::string> value = modified[name];
            if (!value) value = earlier != set.end() ? earlier->second : inherited(name);
            std::string changed = value.value_or("");
            if (!apply(operation, changed, argument)) {
                return Error{"ENVIRONMENT_MODIFICATION has an unknown operation: " + text};
            }
            modified[name] = std::move(changed);
        }
    }
    for (auto& [name, value] : modified) set[name] = std::move(value);
    return set;
}

}  // namespace xgrid::worker::native
