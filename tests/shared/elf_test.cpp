#include "shared/elf.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "shared/mapped_file.hpp"

using namespace xgrid;

TEST_CASE("this program's own file has a fingerprint, and a build id where its linker gives one") {
    const std::filesystem::path own = "/proc/self/exe";
    const MappedFile file(own);
    REQUIRE(file.text().size() > 1000);
    const std::string id = build_id(file.text());
    const std::string print = content_fingerprint(own);
    CHECK_FALSE(print.empty());
    if (!id.empty()) {
        CHECK(id == print);
        CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    }
    CHECK(content_fingerprint("/nonexistent").empty());
}

TEST_CASE("this program's own file says what it needs, and of which versions") {
    const MappedFile file("/proc/self/exe");
    const std::optional<ElfFacts> facts = read_elf(file.text());
    REQUIRE(facts);
    CHECK(facts->bits == 8 * sizeof(void*));
    CHECK(std::filesystem::exists(facts->interpreter));
    CHECK(std::ranges::find(facts->needed, "libc.so.6") != facts->needed.end());
    REQUIRE(facts->needs.contains("GLIBC"));
    CHECK(is_higher_version(facts->needs.at("GLIBC"), "2.2"));
    CHECK(facts->defines.empty());
    CHECK(facts->soname.empty());
}

TEST_CASE("a library says what it is called, and what it defines") {
    const MappedFile own("/proc/self/exe");
    const std::optional<ElfFacts> program = read_elf(own.text());
    REQUIRE(program);
    // The loader is a library, too, and its path is known.
    const MappedFile file(program->interpreter);
    const std::optional<ElfFacts> facts = read_elf(file.text());
    REQUIRE(facts);
    CHECK(facts->machine == program->machine);
    CHECK(facts->soname.starts_with("ld-"));
    CHECK(facts->defines.contains("GLIBC"));
    CHECK(facts->interpreter.empty());
}

TEST_CASE("a machine is told by the header alone, in either byte order") {
    std::string text(sizeof(Elf64_Ehdr), '\0');
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    const auto machine = [&](unsigned char low, unsigned char high) {
        std::memcpy(text.data(), &header, sizeof header);
        text[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(low);
        text[offsetof(Elf64_Ehdr, e_machine) + 1] = static_cast<char>(high);
        return read_elf(text).value().machine;
    };
    CHECK(machine(EM_X86_64, 0) == "x86_64");
    CHECK(machine(EM_AARCH64, 0) == "aarch64");
    CHECK(machine(EM_PPC64, 0) == "ppc64le");
    CHECK(machine(0x34, 0x12) == "machine 4660");
    header.e_ident[EI_DATA] = ELFDATA2MSB;
    CHECK(machine(0, EM_PPC64) == "ppc64");
    CHECK(machine(0, EM_S390) == "s390x");
    CHECK_FALSE(read_elf(text.substr(0, 20)));
    CHECK_FALSE(read_elf("#!/bin/sh\n"));
}

TEST_CASE("versions are compared by their numbers") {
    CHECK(is_higher_version("2.10", "2.9"));
    CHECK(is_higher_version("3.4.30", "3.4.9"));
    CHECK(is_higher_version("3.4.1", "3.4"));
    CHECK_FALSE(is_higher_version("2.9", "2.10"));
    CHECK_FALSE(is_higher_version("2.9", "2.9"));
    CHECK_FALSE(is_higher_version("", "1"));
}

TEST_CASE("a broken file has no build id, and is not read beyond its end") {
    const MappedFile file("/proc/self/exe");
    const std::string head(file.text().substr(0, 4096));
    std::mt19937 random(1);
    CHECK(build_id("").empty());
    CHECK(build_id("#!/bin/sh\n").empty());
    for (int round = 0; round < 5000; ++round) {
        std::string text = head.substr(0, random() % head.size());
        for (int change = 0; change < 8 && text.size() > 20; ++change) {
            text[16 + random() % (text.size() - 16)] = static_cast<char>(random());
        }
        CHECK(build_id(text).size() <= 2 * text.size());
    }
}

TEST_CASE("whatever is broken in a library's tables, reading them ends, within the file") {
    const MappedFile own("/proc/self/exe");
    const MappedFile file(read_elf(own.text()).value().interpreter);
    const std::string whole(file.text());
    // Its headers and tables of texts and versions come first, the dynamic section late.
    const std::size_t tables = std::min<std::size_t>(whole.size(), 8192);
    std::mt19937 random(2);
    int understood = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string text = whole;
        if (round % 3 == 0) text.resize(random() % text.size());
        for (int change = 0; change < 40 && text.size() > 64; ++change) {
            const std::size_t most = change % 2 == 0 ? text.size() : std::min(tables, text.size());
            text[16 + random() % (most - 16)] = static_cast<char>(random());
        }
        const std::optional<ElfFacts> facts = read_elf(text);
        if (!facts) continue;
        std::size_t bytes = facts->soname.size() + facts->rpath.size() + facts->runpath.size();
        for (const std::string& needed : facts->needed) bytes = std::max(bytes, needed.size());
        CHECK(bytes <= 3 * text.size());
        understood += facts->soname.empty() ? 0 : 1;
    }
    CHECK(understood > 100);
}
