// What can be read off a program's file, or a library's: elf(5), and for the versions of symbols
// https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html.
// Total: any file gives an answer, and none is read beyond its end. Nothing is run.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xgrid {

/// By what stands before the underscore ("GLIBC", "GLIBCXX"), the highest number behind it; those
/// without a number ("GLIBC_PRIVATE") are left out.
using HighestVersions = std::map<std::string, std::string>;

/// Of a file of another byte order than ours only the machine is told.
struct ElfFacts {
    std::string machine;  // as uname(2) has it, if it has a name for it
    int bits = 64;
    std::string interpreter;  // the loader of dynamic programs
    std::string soname;
    std::vector<std::string> needed;  // libraries, in order
    std::string rpath;                // as they are written: with $ORIGIN, separated by colons
    std::string runpath;
    HighestVersions needs;
    HighestVersions defines;

    friend bool operator==(const ElfFacts&, const ElfFacts&) = default;
};

/// None: it is no ELF file.
std::optional<ElfFacts> read_elf(std::string_view file);

/// Whether one number with points is higher than another: 2.10 than 2.9.
bool is_higher_version(std::string_view one, std::string_view other);

/// The build id that its linker gave it, in hexadecimal: the same for the same content. Empty: it
/// has none, or is no ELF file of this machine's kind.
std::string build_id(std::string_view file);

/// A name for its content, fit for a file name: its build id, else a digest. Empty: it cannot be
/// read.
std::string content_fingerprint(const std::filesystem::path& path);

}  // namespace xgrid
