// What a broker's web page is made of: the files that a browser fetches. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace xgrid::broker {

struct Asset {
    std::string_view name;  // of the file
    std::string_view type;  // for browsers
};

/// Of that path; none: there is none.
std::optional<Asset> asset_at(std::string_view path);
std::string_view text_of(const Asset& asset);

/// What the page may do, as a browser enforces it: run its own files and ask its own broker.
constexpr const char* page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace xgrid::broker
