#include "client/changed_code.hpp"

#include <fmt/format.h>

#include "client/markup.hpp"

namespace xgrid::client {

std::string retaken_line(const std::vector<std::string>& files) {
    if (files.empty()) return "code changed while it was sent: taken again";
    const std::string more = files.size() == 1 ? "" : fmt::format(" and {} more", files.size() - 1);
    return fmt::format("code changed while it was sent ({}{}): taken again", printable(files[0]),
                       more);
}

std::string kept_changing(std::uint32_t retakes, const std::string& trouble) {
    return fmt::format(
        "the code kept changing while it was sent, and was taken again {} times\n{}\n"
        "leave it alone until tests run, or keep what changes by itself at home with --rsyncignore",
        retakes, trouble);
}

}  // namespace xgrid::client
