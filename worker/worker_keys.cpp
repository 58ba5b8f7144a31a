#include "worker/worker_keys.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "shared/curve.hpp"
#include "shared/key_words.hpp"
#include "shared/secret_file.hpp"

namespace xgrid::worker {
namespace {

constexpr const char* preamble =
    "# The key of an xgrid worker that listens, and the token for its clients.\n"
    "# Whoever has one of them can run programs as this user.\n";

Result<WorkerKeys> keys_in(const std::string& text, const std::filesystem::path& path) {
    const std::string_view word = word_in(text, "xgk1_");
    if (word.empty()) {
        return Error{fmt::format("{} holds no key of a worker", path.string())};
    }
    Result<WorkerKeys> keys = keys_from(word);
    if (!keys) return Error{fmt::format("the key in {} {}", path.string(), keys.error())};
    return keys;
}

// Another worker may start with it at the same time.
Result<WorkerKeys> make_file(const std::filesystem::path& path) {
    const WorkerKeys keys = make_worker_keys();
    Result<bool> made = write_secret(
        path, fmt::format("{}{}\n{}\n", preamble, text_of(keys), text_of(token_for(keys))),
        Existing::kept);
    if (!made) return Error{made.error()};
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
