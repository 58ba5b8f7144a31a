#include "shared/packing.hpp"

#include <memory>
#include <string_view>
#include <utility>
#include <zstd.h>

#include "shared/codec.hpp"

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

// Empty: it takes more than `bytes_max`.
std::string frame_of(std::string_view plain, std::size_t bytes_max) {
    std::string frame(bytes_max, '\0');
    ZSTD_CCtx* context = packing_context();
    if (context == nullptr) return {};
    const std::size_t size =
        ZSTD_compressCCtx(context, frame.data(), frame.size(), plain.data(), plain.size(), level);
    frame.resize(ZSTD_isError(size) != 0 ? 0 : size);
    return frame;
}

Result<std::string> plain_of(std::string_view frame) {
    if (!frame.starts_with(magic)) return Error{"not a frame of zstd"};
    const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
        return Error{"a frame that does not tell its size"};
    }
    if (size > unpacked_bytes_max) return Error{"a frame of more than there may be"};
    if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
        return Error{"less than a frame, or more"};
    }
    ZSTD_DCtx* context = unpacking_context();
    if (context == nullptr) return Error{"no memory to unpack"};
    std::string plain(static_cast<std::size_t>(size), '\0');
    const std::size_t found =
        ZSTD_decompressDCtx(context, plain.data(), plain.size(), frame.data(), frame.size());
    if (ZSTD_isError(found) != 0 || found != plain.size()) return Error{"a damaged frame"};
    return plain;
}

}  // namespace

Content packed(Content content) {
    if (content.pieces.empty() || !content.packed.empty()) return content;
    const std::uint64_t bytes = bytes_on_the_way(content);
    Message alone = Content{.pieces = std::move(content.pieces)};
    const std::vector<std::string> frames = encode(alone);
    if (frames[2].size() <= unpacked_bytes_max) {
        content.packed = frame_of(frames[2], bytes - bytes / 10);
    }
    content.pieces.clear();
    if (content.packed.empty()) content.pieces = std::move(std::get<Content>(alone).pieces);
    return content;
}

Result<std::vector<Piece>> pieces_of(const Content& content) {
    if (content.packed.empty()) return content.pieces;
    if (!content.pieces.empty()) return Error{"pieces both packed and not"};
    Result<std::string> plain = plain_of(content.packed);
    if (!plain) return Error{plain.error()};
    const char version = static_cast<char>(protocol_version);
    const char kind = static_cast<char>(Message(Content{}).index());
    Result<Message> message = decode({{&version, 1}, {&kind, 1}, *plain});
    if (!message) return Error{message.error()};
    Content alone = std::get<Content>(std::move(*message));
    std::vector<Piece> pieces = std::exchange(alone.pieces, {});
    if (alone != Content{}) return Error{"more than pieces in a frame"};
    return pieces;
}

std::uint64_t bytes_on_the_way(const Content& content) {
    std::uint64_t bytes = content.packed.size();
    for (const Piece& piece : content.pieces) bytes += piece.bytes.size();
    return bytes;
}

}  // namespace xgrid
