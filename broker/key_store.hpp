// A broker's keys in its folder: its own in DIR/key, and whose it lets in in DIR/keys. Both are its
// user's alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <sys/types.h>
#include <utility>

#include "broker/key_list.hpp"
#include "shared/result.hpp"
#include "shared/token.hpp"

namespace xgrid::broker {

class KeyStore {
public:
    explicit KeyStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    std::filesystem::path list_file() const { return folder_ / "keys"; }

    /// The broker's own secret key, made if there is none yet. Error: also if others can read it.
    Result<CurveKey> secret() const;

    /// Empty, if there is no list. Error: what is wrong with it.
    Result<KeyList> read();
    /// Whether the list may be another than was read last.
    bool changed() const;
    /// Reads it, has it changed, and writes it, while nobody else does.
    Result<KeyList> change(const std::function<void(KeyList&)>& how);

private:
    // Tells a file from another in its place.
    struct Stamp {
        ino_t number = 0;
        off_t size = 0;
        std::int64_t changed_ns = 0;
        mode_t mode = 0;

        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    Stamp stamp() const;

    std::filesystem::path folder_;
    Stamp read_;
};

}  // namespace xgrid::broker
