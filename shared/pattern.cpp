#include "shared/pattern.hpp"

namespace xgrid {

bool is_match(const std::string& pattern, const std::string& name) {
    std::size_t at = 0;
    std::size_t star = std::string::npos;  // the last one
    std::size_t matched = 0;               // of the name, by what is before it and by it
    for (std::size_t i = 0; i < name.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            matched = i;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[i])) {
            ++at;
            ++i;
        } else if (star != std::string::npos) {
            at = star + 1;
            i = ++matched;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string::npos;
}

}  // namespace xgrid
