// What of content is heard at all: the limits that messages.hpp names, for who gives and who takes.
// Pure.
#pragma once

#include <string>

#include "shared/messages.hpp"

namespace xgrid {

/// Why it is not answered; empty: it is.
std::string beyond_limits(const Want& want);

/// The only answer then.
Content answer_beyond_limits(const Want& want, const std::string& why);

/// Whether there can be such a piece: within its object, and some of it unless there is no more.
bool can_be(const Piece& piece);

}  // namespace xgrid
