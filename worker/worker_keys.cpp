#include "worker/worker_keys.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/curve.hpp"
#include "shared/file.hpp"
#include "shared/secret_file.hpp"

namespace xgrid::worker {
namespace {

constexpr const char* preamble =
    "# The key of an xgrid worker that listens, and the token for its clients.\n"
    "# Whoever has one of them can run programs as this user.\n";

// The word that begins with the mark.
std::string_view word_in(std::string_view text, std::string_view mark) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        if (line.starts_with(mark)) return line;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

Result<WorkerKeys> keys_in(const std::string& text, const std::filesystem::path& path) {
    const std::string_view word = word_in(text, "xgk1_");
    if (word.empty()) {
        return Error{fmt::format("{} holds no key of a worker", path.string())};
    }
    Result<WorkerKeys> keys = keys_from(word);
    if (!keys) return Error{fmt::format("the key in {} {}", path.string(), keys.error())};
    return keys;
}

// Whole or not at all: another worker may start with it at the same time.
Result<WorkerKeys> make_file(const std::filesystem::path& path) {
    const WorkerKeys keys = make_worker_keys();
    std::string fresh = path.string() + ".XXXXXX";
    const int number = ::mkostemp(fresh.data(), O_CLOEXEC);
    if (number < 0) {
        return Error{fmt::format("cannot make {}: {}", path.string(), std::strerror(errno))};
    }
    ::close(number);
    std::optional<Error> error;
    {
        Result<File> file = File::open(fresh, O_WRONLY);
        if (!file) {
            error = Error{file.error()};
        } else {
            error = file->write_at(
                0, fmt::format("{}{}\n{}\n", preamble, text_of(keys), text_of(token_for(keys))));
        }
    }
    if (!error && ::link(fresh.c_str(), path.c_str()) != 0 && errno != EEXIST) {
        error = Error{fmt::format("cannot make {}: {}", path.string(), std::strerror(errno))};
    }
    ::unlink(fresh.c_str());
    if (error) return *error;
    Result<std::optional<std::string>> text = read_secret(path);
    if (!text) return Error{text.error()};
    if (!*text) return Error{fmt::format("{} is gone again", path.string())};
    return keys_in(**text, path);
}

}  // namespace

Result<WorkerKeys> keys_of_file(const std::filesystem::path& path) {
    Result<std::optional<std::string>> text = read_secret(path);
    if (!text) return Error{text.error()};
    return *text ? keys_in(**text, path) : make_file(path);
}

}  // namespace xgrid::worker
