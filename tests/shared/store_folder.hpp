// A folder for a store that goes with the test, and objects to put into it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "shared/store.hpp"
#include "shared/tree.hpp"

namespace xgrid {

class StoreFolder {
public:
    StoreFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "xgrid-store-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    StoreFolder(const StoreFolder&) = delete;
    StoreFolder& operator=(const StoreFolder&) = delete;
    ~StoreFolder() { std::filesystem::remove_all(path); }

    std::filesystem::path path;
};

/// Before any file of a test was written.
constexpr Seconds noon{std::chrono::hours(400'000)};
constexpr std::chrono::hours one_hour{1};

inline std::unique_ptr<Store> open_store(const std::filesystem::path& folder,
                                         std::uint64_t bytes_max = 1 << 30) {
    Result<std::unique_ptr<Store>> store = Store::open(folder, bytes_max, noon);
    if (!store) FAIL(store.error());
    return std::move(*store);
}

/// Not compressible, and another for each seed.
inline std::string bytes_of(std::uint64_t seed, std::size_t size) {
    std::string text(size, '\0');
    std::uint64_t state = seed * 2 + 1;
    for (char& byte : text) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<char>(state >> 56);
    }
    return text;
}

inline NewObject blob_of(std::string_view content) {
    return {ObjectKind::blob, object_id(ObjectKind::blob, content), content};
}
inline NewObject tree_of(std::string_view content) {
    return {ObjectKind::tree, object_id(ObjectKind::tree, content), content};
}

/// None: all is well.
inline std::string text_of(const std::optional<Error>& error) { return error ? error->text : ""; }

inline std::string put_one(Store& store, const NewObject& object, Seconds now = noon) {
    return text_of(store.put(now, {&object, 1}));
}

inline bool has(Store& store, const ObjectId& id) {
    Result<std::vector<ObjectId>> lacking = store.lacks({&id, 1});
    if (!lacking) FAIL(lacking.error());
    return lacking->empty();
}

/// A blob's content, or why there is none.
inline std::string read_blob(Store& store, const ObjectId& id) {
    std::string content;
    Result<std::uint64_t> size = store.blob(id, [&content](std::string_view piece) {
        content += piece;
        return true;
    });
    return size ? content : size.error();
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace xgrid
