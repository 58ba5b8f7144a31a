// What can be read off a program's file: elf(5). Total: any file gives an answer.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace xgrid::worker::native {

/// The build id that its linker gave it, in hexadecimal: the same for the same content. Empty: it
/// has none, or is no ELF file of this machine's kind.
std::string build_id(std::string_view file);

/// A name for its content, fit for a file name: its build id, else a digest. Empty: it cannot be
/// read.
std::string content_fingerprint(const std::filesystem::path& path);

}  // namespace xgrid::worker::native
