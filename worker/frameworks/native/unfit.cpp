#include "worker/frameworks/native/unfit.hpp"

#include <algorithm>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "shared/elf.hpp"
#include "shared/mapped_file.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

namespace fs = std::filesystem;

struct Reason {
    std::string text;
    std::string remedy;
};

bool may_run(const std::string& own, const std::string& machine) {
    return machine == own || (own == "x86_64" && machine == "i686") ||
           (own == "aarch64" && machine == "arm");
}

std::string between(std::string_view text, std::string_view before, std::string_view after) {
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = text.substr(at + before.size());
    const std::size_t end = rest.find(after);
    return end == std::string_view::npos ? std::string() : std::string(rest.substr(0, end));
}

// glibc's words, then musl's.
std::string missing_library(std::string_view line) {
    std::string name =
        between(line, "error while loading shared libraries: ", ": cannot open shared object file");
    if (name.empty()) name = between(line, "Error loading shared library ", ": ");
    return name;
}

/// "./unit: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./unit)"
struct MissingVersion {
    std::string name;
    std::string number;
    std::string file_name;  // which has none of that version
};

std::optional<MissingVersion> missing_version(std::string_view line) {
    const std::string whole = between(line, ": version `", "' not found");
    if (whole.empty()) return std::nullopt;
    const std::size_t split = std::min(whole.rfind('_'), whole.size() - 1);
    MissingVersion missing{.name = whole.substr(0, split), .number = whole.substr(split + 1)};
    const std::string_view before = line.substr(0, line.find(": version `"));
    const std::size_t colon = before.rfind(": ");
    missing.file_name = before.substr(colon == std::string_view::npos ? 0 : colon + 2);
    return missing;
}

std::optional<MissingVersion> highest_missing(std::string_view said) {
    std::optional<MissingVersion> highest;
    for (const std::string_view line : lines_of(said)) {
        const std::optional<MissingVersion> one = missing_version(line);
        if (!one) continue;
        const bool higher = highest && highest->name == one->name &&
                            is_higher_version(one->number, highest->number);
        // What the system's C library lacks says most of how old it is.
        const bool more = highest && highest->name != "GLIBC" && one->name == "GLIBC";
        if (!highest || higher || more) highest = one;
    }
    return highest;
}

Reason too_old(const MissingVersion& missing) {
    std::string has = "does not have it";
    const MappedFile file(missing.file_name);
    if (const std::optional<ElfFacts> facts = read_elf(file.text())) {
        const auto highest = facts->defines.find(missing.name);
        if (highest != facts->defines.end()) has = "has " + highest->second;
    }
    return {fmt::format("it needs {}_{}, and the system of this worker {}", missing.name,
                        missing.number, has),
            "choose workers with a newer system (--label), build it on one like this, or link it "
            "statically"};
}

std::optional<Reason> reason_of(const fs::path& program, std::string_view said) {
    const MappedFile file(program);
    const std::optional<ElfFacts> facts = read_elf(file.text());
    if (!facts) return std::nullopt;
    const MappedFile own("/proc/self/exe");
    const std::string here = read_elf(own.text()).value_or(ElfFacts{}).machine;
    if (!may_run(here, facts->machine)) {
        return Reason{
            fmt::format("it is built for {}, and this worker is {}", facts->machine, here),
            fmt::format("choose workers that fit (--label arch={}), or build it for these",
                        facts->machine)};
    }
    std::error_code none;
    if (!facts->interpreter.empty() && !fs::exists(facts->interpreter, none)) {
        return Reason{fmt::format("its loader, {}, is not on this worker", facts->interpreter),
                      "install the C library that it was built with, choose workers that have it "
                      "(--label), or link it statically"};
    }
    if (const std::optional<MissingVersion> missing = highest_missing(said)) {
        return too_old(*missing);
    }
    for (const std::string_view line : lines_of(said)) {
        const std::string library = missing_library(line);
        if (library.empty()) continue;
        return Reason{
            fmt::format("it needs the library {}, which this worker does not find", library),
            "install its package there, choose workers that have it (--label), or link "
            "it statically"};
    }
    return std::nullopt;
}

}  // namespace

std::string why_unfit(const fs::path& program, std::string_view said) {
    const std::optional<Reason> reason = reason_of(program, said);
    if (!reason) return {};
    return fmt::format("cannot run {} here: {}; {}", program.filename().string(), reason->text,
                       reason->remedy);
}

}  // namespace xgrid::worker::native
