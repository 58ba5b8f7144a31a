#include "shared/key_file.hpp"

#include <system_error>

#include <fmt/format.h>

#include "shared/curve.hpp"
#include "shared/key_words.hpp"
#include "shared/secret_file.hpp"

namespace xgrid {

Result<std::optional<CurveKey>> read_key_file(const std::filesystem::path& path) {
    Result<std::optional<std::string>> text = read_secret(path);
    if (!text) return Error{text.error()};
    if (!*text) return std::optional<CurveKey>();
    const std::string_view word = word_in(**text, "xgs1_");
    if (word.empty()) return Error{fmt::format("{} holds no secret key", path.string())};
    Result<CurveKey> key = secret_key_from(word);
    if (!key) return Error{fmt::format("the key in {} {}", path.string(), key.error())};
    return std::optional(*key);
}

Result<std::optional<CurveKey>> make_key_file(const std::filesystem::path& path,
                                              const std::string& about) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) {
        return Error{
            fmt::format("cannot make {}: {}", path.parent_path().string(), error.message())};
    }
    const CurveKey secret = fresh_secret();
    Result<bool> made = write_secret(path,
                                     fmt::format("# {}\n{}\n{}\n", about, text_of_secret(secret),
                                                 text_of_public(public_of(secret))),
                                     Existing::kept);
    if (!made) return Error{made.error()};
    return *made ? std::optional(secret) : std::optional<CurveKey>();
}

}  // namespace xgrid
