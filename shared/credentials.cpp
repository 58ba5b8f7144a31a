#include "shared/credentials.hpp"

#include <algorithm>
#include <cstdint>
#include <fcntl.h>

#include <fmt/format.h>

#include "shared/config_home.hpp"
#include "shared/curve.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/file.hpp"
#include "shared/key_file.hpp"
#include "shared/key_words.hpp"

namespace xgrid {
namespace {

constexpr std::uint64_t file_bytes_max = 64 * 1024;

}  // namespace

std::filesystem::path users_key_file() {
    const std::filesystem::path folder = config_home();
    return folder.empty() ? folder : folder / "key";
}

CurveKey public_key_of(const std::string& word_or_file, const std::string& option) {
    std::string word = word_or_file;
    if (!word.starts_with("xgp1_") && !word.starts_with("xgs1_")) {
        Result<File> file = File::open(word_or_file, O_RDONLY | O_NONBLOCK);
        if (!file) {
            throw Fatal(fmt::format("{} takes a public key (xgp1_...) or a file with one: {}",
                                    option, file.error()),
                        4);
        }
        std::string text(std::min(file->size(), file_bytes_max), '\0');
        if (const auto error = file->read_at(0, text)) throw Fatal(error->text, 4);
        word = word_in(text, "xgp1_");
        if (word.empty()) {
            throw Fatal(fmt::format("{}: there is no public key in {}", option, word_or_file), 4);
        }
    }
    Result<CurveKey> key = public_key_from(word);
    if (!key) throw Fatal(fmt::format("{}: the key {}", option, key.error()), 4);
    return *key;
}

std::optional<Token> credentials_for(const std::string& endpoint, const GivenCredentials& given) {
    if (!given.token.empty()) {
        Result<Token> token = token_from(given.token);
        if (!token) throw Fatal(fmt::format("the token {}", token.error()), 4);
        return *token;
    }
    if (given.broker_key == "none") return std::nullopt;
    if (given.broker_key.empty()) {
        if (is_on_this_machine(endpoint)) return std::nullopt;
        throw Fatal(fmt::format("{} is on another machine: say which key its broker has, which it "
                                "prints when it starts, with --broker-key KEY or "
                                "XGRID_BROKER_KEY",
                                endpoint),
                    4);
    }
    const CurveKey broker = public_key_of(given.broker_key, "--broker-key");
    const std::filesystem::path path = given.key.empty() ? users_key_file() : given.key;
    Result<std::optional<CurveKey>> secret = read_key_file(path);
    if (!secret) throw Fatal(secret.error(), 4);
    if (!*secret) {
        throw Fatal(fmt::format("there is no key in {}: make one with xgrid keys new{}, and have "
                                "it allowed on the broker",
                                path.string(), given.key.empty() ? "" : " " + path.string()),
                    4);
    }
    return Token{broker, **secret};
}

}  // namespace xgrid
