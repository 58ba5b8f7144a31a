// What stands after an option, as what it means. Pure. Each function throws Fatal with exit code 4
// for what makes no sense; `option` is what the error calls it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrid::client {

/// From 0 to `most`, which has at most 9 digits.
std::uint32_t number(const std::string& option, const std::string& text, std::uint32_t most);

/// From -most to most, which has at most 9 digits.
std::int32_t whole_number(const std::string& option, const std::string& text, std::int32_t most);

/// From 0 to some months; decimals are fine.
double seconds(const std::string& option, const std::string& text);

/// The same, with s, m or h behind it.
double duration(const std::string& option, const std::string& text);

/// The value itself, if it is one of these.
std::string one_of(const std::string& option, const std::string& value,
                   const std::vector<std::string>& allowed);

/// The values that an option of submit can have, where its help leaves them open (`dist`).
const std::vector<std::string>& choices_of(const std::string& option);

}  // namespace xgrid::client
