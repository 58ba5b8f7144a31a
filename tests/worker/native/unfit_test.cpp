#include "worker/frameworks/native/unfit.hpp"

#include <algorithm>
#include <elf.h>
#include <string>

#include <doctest/doctest.h>

#include "shared/elf.hpp"
#include "shared/mapped_file.hpp"
#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::worker::native;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the loader's words become one sentence that names what is missing") {
    const std::string own = "/proc/self/exe";
    CHECK(why_unfit(own, "").empty());
    CHECK(why_unfit(own, "Segmentation fault\n: version `\n' not found: version `").empty());
    const std::string glibc =
        "./unit: error while loading shared libraries: libx.so.1: cannot open shared object file: "
        "No such file or directory\n";
    CHECK(contains(why_unfit(own, glibc), "needs the library libx.so.1, which"));
    const std::string musl =
        "Error loading shared library liby.so: No such file or directory (needed by ./unit)\n";
    CHECK(contains(why_unfit(own, musl), "needs the library liby.so, which"));
}

TEST_CASE("of the versions that a system lacks, the C library's highest is told, beside its own") {
    const std::string own = "/proc/self/exe";
    const MappedFile file(own);
    const std::string loader = read_elf(file.text()).value().interpreter;
    const auto line = [&](const std::string& library, const std::string& version) {
        return "./unit: " + library + ": version `" + version +
               "' not found (required by ./unit)\n";
    };
    const std::string why =
        why_unfit(own, line("/lib/libstdc++.so.6", "GLIBCXX_3.4.99") + line(loader, "GLIBC_2.91") +
                           line(loader, "GLIBC_2.100") + line(loader, "GLIBC_2.99"));
    CHECK(contains(why, "needs GLIBC_2.100, and the system of this worker has 2."));
    CHECK(contains(why_unfit(own, line("/none", "GLIBCXX_3.4.99")),
                   "needs GLIBCXX_3.4.99, and the system of this worker does not have it"));
}

TEST_CASE("a program of another machine is told by its file, whatever was said") {
    const client::TempFolder folder;
    Elf64_Ehdr header{};
    std::copy_n(ELFMAG, SELFMAG, header.e_ident);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_machine = EM_RISCV;
    const std::string program =
        folder.write("unit", std::string(reinterpret_cast<const char*>(&header), sizeof header));
    CHECK(contains(why_unfit(program, "sh: 1: ELF: not found"), "built for riscv64, and this"));
    CHECK(why_unfit(folder.write("script", "#!/bin/sh\n"), "not found").empty());
}
