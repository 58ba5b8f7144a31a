// What workers say of themselves, and what runs want of them. A label may have several values, with
// commas between them, and all of them hold: python=3.10,3.11 does for who wants python=3.11.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace xgrid::broker {

using Labels = std::map<std::string, std::string>;

/// Who wants this one means the name that a worker goes by, which is none of its labels.
constexpr const char* name_label = "name";

std::vector<std::string> values_of(const std::string& label);

/// All values of all labels that are wanted are there.
bool has_all(const Labels& labels, const Labels& wanted);

/// `gpu=yes, os=linux`
std::string text_of(const Labels& labels);

}  // namespace xgrid::broker
