#include "shared/packing.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <zstd.h>

namespace xgrid {
namespace {

// Level 3 makes source code smaller by a thirteenth, and takes half as long again.
constexpr int level = 1;
// Libraries may be built to read what was written before there was a standard; we do not.
constexpr std::string_view magic = "\x28\xb5\x2f\xfd";

struct FreedContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// A thread handles one content after the other, and a context is large. None: there is no memory.
ZSTD_CCtx* packing_context() {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreedContext> context(ZSTD_createCCtx());
    return context.get();
}
ZSTD_DCtx* unpacking_context() {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreedContext> context(ZSTD_createDCtx());
    return context.get();
}

// Of a thread, which uses it again: memory that is new for each content costs as much as packing.
std::string& scratch_of(std::size_t bytes) {
    thread_local std::string scratch;
    if (scratch.size() < bytes) scratch.resize(bytes);
    return scratch;
}

// None: there can be no such piece.
std::optional<std::uint64_t> length_of(const Piece& piece) {
    if (piece.offset > piece.size) return std::nullopt;
    return std::min(piece.size - piece.offset, piece_bytes_max);
}

std::string joined(const std::vector<Piece>& pieces, std::size_t bytes) {
    std::string text;
    text.reserve(bytes);
    for (const Piece& piece : pieces) text += piece.bytes;
    return text;
}

// Empty: it takes more than `bytes_max`.
std::string frame_of(std::string_view plain, std::size_t bytes_max) {
    ZSTD_CCtx* context = packing_context();
    if (context == nullptr) return {};
    std::string& scratch = scratch_of(bytes_max);
    const std::size_t size =
        ZSTD_compressCCtx(context, scratch.data(), bytes_max, plain.data(), plain.size(), level);
    return ZSTD_isError(size) != 0 ? std::string() : scratch.substr(0, size);
}

// Why it is not a frame of just so many bytes; empty: it may be.
std::string fault_of(std::string_view frame, std::uint64_t bytes) {
    if (!frame.starts_with(magic)) return "not a frame of zstd";
    const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
        return "a frame that does not tell its size";
    }
    if (size > unpacked_bytes_max) return "a frame of more than there may be";
    if (size != bytes) return "a frame of another size than its pieces";
    if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
        return "less than a frame, or more";
    }
    return {};
}

bool unpack(std::string_view frame, char* to, std::size_t bytes) {
    ZSTD_DCtx* context = unpacking_context();
    return context != nullptr &&
           ZSTD_decompressDCtx(context, to, bytes, frame.data(), frame.size()) == bytes;
}

}  // namespace

Content packed(Content content) {
    const std::uint64_t bytes = bytes_on_the_way(content);
    const bool usual = std::ranges::all_of(
        content.pieces, [](const Piece& piece) { return length_of(piece) == piece.bytes.size(); });
    if (!usual || !content.packed.empty() || bytes == 0 || bytes > unpacked_bytes_max) {
        return content;
    }
    const bool alone = content.pieces.size() == 1;
    const std::string all = alone ? std::string() : joined(content.pieces, bytes);
    content.packed = frame_of(alone ? content.pieces[0].bytes : all, bytes - bytes / 10);
    if (content.packed.empty()) return content;
    for (Piece& piece : content.pieces) piece.bytes.clear();
    return content;
}

Result<std::vector<Piece>> pieces_of(const Content& content) {
    if (content.packed.empty()) return content.pieces;
    std::uint64_t bytes = 0;
    for (const Piece& piece : content.pieces) {
        const std::optional<std::uint64_t> length = length_of(piece);
        if (!length) return Error{"a piece beyond its object's end"};
        if (!piece.bytes.empty()) return Error{"pieces both packed and not"};
        bytes += *length;
    }
    const std::string fault = fault_of(content.packed, bytes);
    if (!fault.empty()) return Error{fault};
    std::vector<Piece> pieces = content.pieces;
    const bool alone = pieces.size() == 1;
    if (alone) pieces[0].bytes.resize(bytes);
    char* plain = alone ? pieces[0].bytes.data() : scratch_of(bytes).data();
    if (!unpack(content.packed, plain, bytes)) return Error{"a damaged frame"};
    if (alone) return pieces;
    for (Piece& piece : pieces) {
        const std::uint64_t length = *length_of(piece);
        piece.bytes.assign(plain, length);
        plain += length;
    }
    return pieces;
}

std::uint64_t bytes_on_the_way(const Content& content) {
    std::uint64_t bytes = content.packed.size();
    for (const Piece& piece : content.pieces) bytes += piece.bytes.size();
    return bytes;
}

}  // namespace xgrid
