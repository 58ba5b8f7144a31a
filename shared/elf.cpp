#include "shared/elf.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <link.h>

#include <fmt/format.h>

#include "shared/digest.hpp"
#include "shared/mapped_file.hpp"

namespace xgrid {
namespace {

// More than any file has that a linker made: what is broken ends there.
constexpr std::uint64_t entries_most = 65'536;
constexpr std::size_t text_bytes_most = 16'384;
constexpr unsigned char own_order =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

struct Kind32 {
    using Header = Elf32_Ehdr;
    using Segment = Elf32_Phdr;
    using Dynamic = Elf32_Dyn;
};
struct Kind64 {
    using Header = Elf64_Ehdr;
    using Segment = Elf64_Phdr;
    using Dynamic = Elf64_Dyn;
};
using Note = ElfW(Nhdr);
// The same for both.
using Need = Elf64_Verneed;
using NeedName = Elf64_Vernaux;
using Definition = Elf64_Verdef;
using DefinitionName = Elf64_Verdaux;

// Of that type at that place, if the file is long enough.
template <class T>
bool read_at(std::string_view file, std::uint64_t at, T& to) {
    if (at > file.size() || file.size() - at < sizeof to) return false;
    std::memcpy(&to, file.data() + at, sizeof to);
    return true;
}

// Up to a null byte; empty if that is far away.
std::string text_at(std::string_view file, std::uint64_t at) {
    if (at >= file.size()) return {};
    const std::string_view rest = file.substr(at, text_bytes_most);
    const std::size_t end = rest.find('\0');
    return end == std::string_view::npos ? std::string() : std::string(rest.substr(0, end));
}

std::string machine_name(std::uint16_t number, bool little) {
    constexpr std::uint16_t loongarch = 258;  // not in every elf.h
    switch (number) {
        case EM_X86_64: return "x86_64";
        case EM_386: return "i686";
        case EM_AARCH64: return "aarch64";
        case EM_ARM: return "arm";
        case EM_RISCV: return "riscv64";
        case EM_PPC64: return little ? "ppc64le" : "ppc64";
        case EM_S390: return "s390x";
        case loongarch: return "loongarch64";
        default: return fmt::format("machine {}", number);
    }
}

void add_version(HighestVersions& versions, const std::string& name) {
    const std::size_t line = name.rfind('_');
    if (line == std::string::npos || line + 1 == name.size()) return;
    const std::string number = name.substr(line + 1);
    if (number.find_first_not_of("0123456789.") != std::string::npos) return;
    std::string& highest = versions[name.substr(0, line)];
    if (highest.empty() || is_higher_version(number, highest)) highest = number;
}

template <class Kind>
class Reader {
public:
    explicit Reader(std::string_view file) : file_(file) {}

    void read(ElfFacts& facts) {
        typename Kind::Header header{};
        if (!read_at(file_, 0, header)) return;
        std::string_view dynamic;
        for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
            typename Kind::Segment segment{};
            if (!read_at(file_, header.e_phoff + i * sizeof segment, segment)) return;
            if (segment.p_type == PT_LOAD) loads_.push_back(segment);
            if (segment.p_type == PT_INTERP) facts.interpreter = text_at(file_, segment.p_offset);
            if (segment.p_type == PT_DYNAMIC && segment.p_offset <= file_.size()) {
                dynamic = file_.substr(segment.p_offset, segment.p_filesz);
            }
        }
        read_dynamic(dynamic, facts);
    }

private:
    // Where in the file that is which is at this address in memory; its end if it is not there.
    std::uint64_t place_of(std::uint64_t address) const {
        for (const auto& load : loads_) {
            if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz) {
                return std::min<std::uint64_t>(address - load.p_vaddr + load.p_offset,
                                               file_.size());
            }
        }
        return file_.size();
    }

    void read_dynamic(std::string_view dynamic, ElfFacts& facts) {
        std::map<std::int64_t, std::uint64_t> values;
        std::vector<std::uint64_t> needed;
        typename Kind::Dynamic entry{};
        for (std::uint64_t i = 0; i < entries_most && read_at(dynamic, i * sizeof entry, entry);
             ++i) {
            if (entry.d_tag == DT_NULL) break;
            if (entry.d_tag == DT_NEEDED) needed.push_back(entry.d_un.d_val);
            values[entry.d_tag] = entry.d_un.d_val;
        }
        if (!values.contains(DT_STRTAB)) return;
        texts_ = file_.substr(place_of(values.at(DT_STRTAB)));
        for (const std::uint64_t at : needed) facts.needed.push_back(text_at(texts_, at));
        std::erase(facts.needed, "");
        const auto text = [&](std::int64_t tag) {
            return values.contains(tag) ? text_at(texts_, values.at(tag)) : std::string();
        };
        facts.soname = text(DT_SONAME);
        facts.rpath = text(DT_RPATH);
        facts.runpath = text(DT_RUNPATH);
        if (values.contains(DT_VERNEED)) {
            read_needs(place_of(values.at(DT_VERNEED)), facts.needs);
        }
        if (values.contains(DT_VERDEF)) {
            read_definitions(place_of(values.at(DT_VERDEF)), facts.defines);
        }
    }

    // Lists of lists, each entry with the way to the next, which is 0 in the last; always forward.
    void read_needs(std::uint64_t at, HighestVersions& versions) const {
        Need need{};
        for (std::uint64_t count = 0; count < entries_most && read_at(file_, at, need);) {
            NeedName name{};
            for (std::uint64_t below = at + need.vn_aux;
                 count < entries_most && read_at(file_, below, name); below += name.vna_next) {
                ++count;
                add_version(versions, text_at(texts_, name.vna_name));
                if (name.vna_next == 0) break;
            }
            ++count;
            if (need.vn_next == 0) return;
            at += need.vn_next;
        }
    }

    void read_definitions(std::uint64_t at, HighestVersions& versions) const {
        Definition definition{};
        for (std::uint64_t count = 0; count < entries_most && read_at(file_, at, definition);
             ++count) {
            DefinitionName name{};
            if (read_at(file_, at + definition.vd_aux, name)) {
                add_version(versions, text_at(texts_, name.vda_name));
            }
            if (definition.vd_next == 0) return;
            at += definition.vd_next;
        }
    }

    std::string_view file_;
    std::vector<typename Kind::Segment> loads_;
    std::string_view texts_;
};

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

std::optional<ElfFacts> read_elf(std::string_view file) {
    // What is the same in both kinds: the mark, and the machine's place.
    Elf32_Ehdr header{};
    if (!read_at(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    const unsigned char order = header.e_ident[EI_DATA];
    std::uint16_t number = header.e_machine;
    if (order != own_order) number = static_cast<std::uint16_t>(number << 8 | number >> 8);
    ElfFacts facts{.machine = machine_name(number, order == ELFDATA2LSB),
                   .bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32};
    if (order != own_order) return facts;
    if (facts.bits == 64) {
        Reader<Kind64>(file).read(facts);
    } else {
        Reader<Kind32>(file).read(facts);
    }
    return facts;
}

bool is_higher_version(std::string_view one, std::string_view other) {
    const auto next = [](std::string_view& text) {
        std::uint64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        text.remove_prefix(std::min(text.find('.'), text.size() - 1) + 1);
        return number;
    };
    while (!one.empty() && !other.empty()) {
        const std::uint64_t mine = next(one);
        const std::uint64_t theirs = next(other);
        if (mine != theirs) return mine > theirs;
    }
    return !one.empty();
}

std::string build_id(std::string_view file) {
    using Header = ElfW(Ehdr);
    Header header{};
    if (!read_at(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return {};
    constexpr unsigned char own_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (header.e_ident[EI_CLASS] != own_class) return {};
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
        ElfW(Phdr) segment{};
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

}  // namespace xgrid
