#include "shared/text_file.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "shared/whole_file.hpp"

namespace xgrid {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t bytes_max = 4'000'000;

}  // namespace

Result<std::optional<std::string>> read_text(const fs::path& path) {
    const auto fault = [&](const std::string& why) {
        return Error{fmt::format("cannot read {}: {}", path.string(), why)};
    };
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) return std::optional<std::string>();
    if (error) return fault(error.message());
    if (!fs::is_regular_file(status)) return fault("it is no file");  // a pipe would block
    const std::uintmax_t bytes = fs::file_size(path, error);
    if (error) return fault(error.message());
    if (bytes > bytes_max) return fault(fmt::format("it is larger than {} bytes", bytes_max));
    errno = 0;
    std::optional<std::string> text = whole_file(path);
    if (!text) return fault(errno == 0 ? "reading it failed" : std::strerror(errno));
    return text;
}

}  // namespace xgrid
