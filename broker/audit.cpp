#include "broker/audit.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/descriptor.hpp"

namespace xgrid::broker {

std::string Audit::add(std::int64_t time, const std::vector<Occurrence>& occurrences) {
    if (occurrences.empty()) return {};
    std::string text;
    for (const Occurrence& occurrence : occurrences) text += line_of(time, occurrence) + "\n";
    // Opened each time: it may be moved away.
    const Descriptor file(
        ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    // In one piece, so that lines of several programs do not mix.
    const bool written =
        file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written) {
        std::string why = fmt::format("cannot write {}: {}", file_.string(), std::strerror(errno));
        return why == std::exchange(said_, why) ? "" : why;
    }
    said_.clear();
    struct stat facts {};
    if (::fstat(file.get(), &facts) == 0 &&
        static_cast<std::uint64_t>(facts.st_size) > file_bytes_max) {
        set_aside();
    }
    return {};
}

void Audit::set_aside() const {
    std::error_code none;
    const auto numbered = [&](int number) {
        return std::filesystem::path(fmt::format("{}.{}", file_.string(), number));
    };
    for (int i = older_max - 1; i > 0; --i) {
        std::filesystem::rename(numbered(i), numbered(i + 1), none);
    }
    std::filesystem::rename(file_, numbered(1), none);
}

}  // namespace xgrid::broker
