#include "broker/rights.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace xgrid::broker {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 4> names = {
    {{Role::read, "read"}, {Role::submit, "submit"}, {Role::work, "work"}, {Role::admin, "admin"}}};

template <class T, class... Any>
constexpr bool is_one_of = (std::is_same_v<T, Any> || ...);

Roles who_says(const Message& message) {
    return std::visit(
        []<class T>(const T&) -> Roles {
            if constexpr (is_one_of<T, Ask, Attach, Follow>) {
                return {Role::read, Role::submit, Role::admin};
            } else if constexpr (is_one_of<T, Submit, Cancel, Offer, Content>) {
                return {Role::submit, Role::admin};
            } else if constexpr (is_one_of<T, Status, Want>) {
                return {Role::work, Role::admin};
            } else {
                return {};
            }
        },
        message);
}

}  // namespace

Result<Roles> roles_from(std::string_view text) {
    Roles roles;
    while (true) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const auto* found = std::ranges::find(names, text.substr(0, comma),
                                              &std::pair<Role, std::string_view>::second);
        if (found == names.end()) {
            return Error{
                fmt::format("'{}' is no role: admin, submit, work or read", text.substr(0, comma))};
        }
        roles.insert(found->first);
        if (comma == text.size()) return roles;
        text.remove_prefix(comma + 1);
    }
}

std::string text_of(const Roles& roles) {
    std::string text;
    for (const auto& [role, name] : names) {
        if (!roles.contains(role)) continue;
        if (!text.empty()) text += ',';
        text += name;
    }
    return text;
}

bool may_say(const Roles& roles, const Message& message) {
    return std::ranges::any_of(who_says(message), [&](Role role) { return roles.contains(role); });
}

std::string roles_that_say(const Message& message) {
    std::string text;
    for (const Role role : who_says(message)) {
        if (!text.empty()) text += role == Role::admin ? " or " : ", ";
        text += text_of({role});
    }
    return text;
}

bool may_listen(const Roles& roles) {
    return roles.contains(Role::work) || roles.contains(Role::admin);
}

}  // namespace xgrid::broker
