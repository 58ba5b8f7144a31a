#include "broker/assets.hpp"

#include <algorithm>
#include <array>

#include "broker/page_sources.hpp"
#include "shared/web_sources.hpp"

namespace xgrid::broker {
namespace {

constexpr std::string_view html = "text/html; charset=utf-8";
constexpr std::string_view css = "text/css; charset=utf-8";
constexpr std::string_view javascript = "text/javascript; charset=utf-8";

constexpr std::array assets = {
    Asset{"index.html", html},        Asset{"layout.css", css},
    Asset{"style.css", css},          Asset{"details.js", javascript},
    Asset{"history.js", javascript},  Asset{"lists.js", javascript},
    Asset{"matrix.js", javascript},   Asset{"model.js", javascript},
    Asset{"page.js", javascript},     Asset{"results.js", javascript},
    Asset{"rows.js", javascript},     Asset{"sources.js", javascript},
    Asset{"timeline.js", javascript},
};

}  // namespace

std::optional<Asset> asset_at(std::string_view path) {
    if (path.empty()) return std::nullopt;
    const std::string_view name = path == "/" ? "index.html" : path.substr(1);
    const auto* found = std::ranges::find(assets, name, &Asset::name);
    if (found == assets.end()) return std::nullopt;
    return *found;
}

std::string_view text_of(const Asset& asset) {
    const std::string_view stem = asset.name.substr(0, asset.name.find('.'));
    for (const auto* sources : {&page_sources, &web_sources}) {
        for (const auto& [name, text] : *sources) {
            if (name == stem) return text;
        }
    }
    return {};
}

}  // namespace xgrid::broker
