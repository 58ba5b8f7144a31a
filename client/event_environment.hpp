// Which environment of its run an event is of.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "shared/messages.hpp"

namespace xgrid::client {

/// None: the event does not say.
inline std::optional<std::uint32_t> environment_of(const Event& event) {
    return std::visit(
        [](const auto& one) -> std::optional<std::uint32_t> {
            if constexpr (requires { one.environment; }) return one.environment;
            return std::nullopt;
        },
        event);
}

}  // namespace xgrid::client
