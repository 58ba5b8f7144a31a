#include "worker/frameworks/native/elf.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <link.h>

#include <fmt/format.h>

#include "shared/digest.hpp"
#include "shared/mapped_file.hpp"

namespace xgrid::worker::native {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Note = ElfW(Nhdr);

// Of that type at that place, if the file is long enough.
template <class T>
bool read_at(std::string_view file, std::uint64_t at, T& to) {
    if (at > file.size() || file.size() - at < sizeof to) return false;
    std::memcpy(&to, file.data() + at, sizeof to);
    return true;
}

std::uint64_t aligned(std::uint64_t size) { return (size + 3) / 4 * 4; }

std::string build_id_in(std::string_view notes) {
    constexpr std::string_view name("GNU\0", 4);
    Note note{};
    for (std::uint64_t at = 0; read_at(notes, at, note);) {
        const std::uint64_t name_at = at + sizeof note;
        const std::uint64_t text_at = name_at + aligned(note.n_namesz);
        if (text_at > notes.size() || note.n_descsz > notes.size() - text_at) return {};
        if (note.n_type == NT_GNU_BUILD_ID && notes.substr(name_at, note.n_namesz) == name) {
            std::string id;
            for (const char byte : notes.substr(text_at, note.n_descsz)) {
                id += fmt::format("{:02x}", static_cast<unsigned char>(byte));
            }
            return id;
        }
        at = text_at + aligned(note.n_descsz);
    }
    return {};
}

}  // namespace

std::string build_id(std::string_view file) {
    Header header{};
    if (!read_at(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return {};
    constexpr unsigned char own_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (header.e_ident[EI_CLASS] != own_class) return {};
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
        Segment segment{};
        if (!read_at(file, header.e_phoff + i * sizeof segment, segment)) return {};
        if (segment.p_type != PT_NOTE || segment.p_offset > file.size()) continue;
        const std::string id = build_id_in(file.substr(segment.p_offset, segment.p_filesz));
        if (!id.empty()) return id;
    }
    return {};
}

std::string content_fingerprint(const std::filesystem::path& path) {
    const MappedFile file(path);
    if (file.text().empty()) return {};
    const std::string id = build_id(file.text());
    return id.empty() ? object_id(ObjectKind::blob, file.text()).hex() : id;
}

}  // namespace xgrid::worker::native
