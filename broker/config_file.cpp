#include "broker/config_file.hpp"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "shared/text_file.hpp"

namespace xgrid::broker {

Result<Config> read_config(const ConfigFile& file) {
    Result<std::optional<std::string>> text = read_text(file.path);
    if (!text) return Error{text.error()};
    if (*text) return config_from(**text, file.path.string(), file.named);
    if (!file.named) return Config();
    return Error{fmt::format("cannot read {}: there is no such file", file.path.string())};
}

}  // namespace xgrid::broker
