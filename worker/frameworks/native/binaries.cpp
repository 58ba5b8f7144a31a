#include "worker/frameworks/native/binaries.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <string.h>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shared/elf.hpp"
#include "shared/mapped_file.hpp"
#include "shared/process.hpp"
#include "worker/frameworks/native/binary_kind.hpp"
#include "worker/frameworks/native/keywords.hpp"
#include "worker/frameworks/native/learnt.hpp"
#include "worker/frameworks/native/program.hpp"
#include "worker/frameworks/native/unfit.hpp"

namespace xgrid::worker::native {
namespace {

namespace fs = std::filesystem;

/// What the user has asked for, by kind of word.
struct Wishes {
    std::vector<std::string> paths;                          // in order, each once
    std::map<std::string, std::vector<std::string>> chosen;  // tests of a path; none: all
    std::vector<std::string> arguments;                      // for the binaries
    Keywords keywords;
};

Result<Wishes> wishes_from(const std::vector<std::string>& words) {
    Wishes wishes;
    std::map<std::string, bool> whole;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--" && wishes.paths.empty()) continue;  // the targets come behind it
        if (word == "--") {
            wishes.arguments.insert(wishes.arguments.end(),
                                    words.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                    words.end());
            break;
        }
        if (word == "-k" && i + 1 < words.size()) {
            Result<Keywords> keywords = Keywords::parse(words[++i]);
            if (!keywords) return Error{keywords.error()};
            wishes.keywords = *std::move(keywords);
        } else if (word.starts_with("-")) {
            wishes.arguments.push_back(word);
        } else {
            const std::size_t colons = word.find("::");
            const std::string path = fs::path(word.substr(0, colons)).lexically_normal();
            if (std::ranges::find(wishes.paths, path) == wishes.paths.end()) {
                wishes.paths.push_back(path);
            }
            if (colons == std::string::npos) {
                whole[path] = true;
            } else {
                wishes.chosen[path].push_back(word.substr(colons + 2));
            }
        }
    }
    for (const auto& [path, all] : whole) wishes.chosen.erase(path);
    return wishes;
}

std::vector<std::unique_ptr<BinaryKind>> all_kinds() {
    std::vector<std::unique_ptr<BinaryKind>> kinds;
    kinds.push_back(make_gtest());
    kinds.push_back(make_doctest());
    kinds.push_back(make_catch2());
    return kinds;
}

class Binaries final : public Framework {
public:
    Binaries(Wishes wishes, std::string directory, std::vector<std::unique_ptr<BinaryKind>> kinds,
             bool certain)
        : wishes_(std::move(wishes)),
          directory_(std::move(directory)),
          kinds_(std::move(kinds)),
          certain_(certain),
          learnt_(own_learnt()) {}

    std::string title() const override {
        return certain_ ? std::string(kinds_.front()->name()) : "test binaries";
    }

    Result<Units> enumerate(const RunProgram& run) override {
        if (wishes_.paths.empty()) return Error{"name the test binaries that are to be run"};
        Units units;
        for (const std::string& path : wishes_.paths) {
            if (std::string why = unfit(path); !why.empty()) return Error{why};
            Result<const BinaryKind*> kind = kind_of(path, run);
            // Elsewhere it may be fit: there it is asked again, and here it fails alone.
            if (!kind && !unfit_here_.contains(path)) return Error{kind.error()};
            units.names.push_back(path);
        }
        return units;
    }

    Result<Loaded> load(const std::string& unit, const RunProgram& run) override {
        Result<const BinaryKind*> kind = kind_of(unit, run);
        if (!kind) return Error{kind.error()};
        const Program listing = (*kind)->listing(program_path(unit), wishes_.arguments);
        Result<Ran> ran = run(listing);
        if (!ran) return cannot_start(unit, ran.error());
        if (ran->timed_out || ran->status != 0) {
            if (std::string why = why_unfit_here(unit, *ran); !why.empty()) return Error{why};
            const std::string how = ran->timed_out ? "took too long" : describe_exit(ran->status);
            return Error{fmt::format("cannot list its tests: {} was {}\n{}{}", as_command(listing),
                                     how, ran->err, ran->out)};
        }
        Result<std::vector<Case>> cases = (*kind)->cases(*ran, wishes_.arguments);
        if (!cases) return Error{cases.error()};
        return selected(unit, *std::move(cases));
    }

    Batch batch(const std::string& unit, std::span<const Case> tests) override {
        return kinds_of_units_.at(unit)->batch(program_path(unit), wishes_.arguments, tests);
    }

    std::string fingerprint(const std::string& unit) override {
        const auto [found, fresh] = fingerprints_.try_emplace(unit);
        if (fresh) found->second = content_fingerprint(directory_ / fs::path(unit));
        return found->second;
    }

private:
    // execvp(3) looks for a name without a slash in PATH.
    static std::string program_path(const std::string& unit) {
        return unit.find('/') == std::string::npos ? "./" + unit : unit;
    }

    std::string unfit(const std::string& unit) const {
        const fs::path path = directory_ / fs::path(unit);
        std::error_code error;
        if (!fs::exists(path, error)) return fmt::format("no such test binary: {}", unit);
        if (!fs::is_regular_file(path, error)) return fmt::format("{} is no program", unit);
        if (access(path.c_str(), X_OK) != 0) {
            return fmt::format("cannot run {}: {}", unit, strerror(errno));
        }
        return {};
    }

    Result<const BinaryKind*> kind_of(const std::string& unit, const RunProgram& run) {
        const auto known = kinds_of_units_.find(unit);
        if (known != kinds_of_units_.end()) return known->second;
        Result<const BinaryKind*> found = certain_ ? kinds_.front().get() : ask(unit, run);
        if (found) kinds_of_units_.emplace(unit, *found);
        return found;
    }

    // Only what looks like one of ours is started to be asked.
    Result<const BinaryKind*> ask(const std::string& unit, const RunProgram& run) {
        const std::string print = fingerprint(unit);
        Known known = learnt_.read(print);
        for (const auto& kind : kinds_) {
            if (kind->name() == known.kind) return kind.get();
        }
        const MappedFile content(directory_ / fs::path(unit));
        const auto has_mark = [&](const std::unique_ptr<BinaryKind>& kind) {
            return std::ranges::any_of(kind->marks(), [&](std::string_view mark) {
                return content.text().find(mark) != std::string_view::npos;
            });
        };
        if (std::ranges::any_of(kinds_, has_mark)) {
            Result<Ran> ran = run({.command = {program_path(unit), "--help"}});
            if (!ran) return cannot_start(unit, ran.error());
            for (const auto& kind : kinds_) {
                if (!kind->recognises(ran->out + ran->err)) continue;
                known.kind = kind->name();
                learnt_.keep(print, known);
                return kind.get();
            }
            if (std::string why = why_unfit_here(unit, *ran); !why.empty()) return Error{why};
        }
        return Error{
            fmt::format("{} is no test binary of a framework that xgrid knows (gtest, "
                        "doctest, catch2); --framework command runs any program",
                        unit)};
    }

    std::string why_unfit_here(const std::string& unit, const Ran& ran) {
        if (ran.timed_out || ran.status == 0) return {};
        std::string why = why_unfit(directory_ / fs::path(unit), ran.err + ran.out);
        if (!why.empty()) unfit_here_.insert(unit);
        return why;
    }

    Error cannot_start(const std::string& unit, const std::string& error) {
        std::string why = why_unfit(directory_ / fs::path(unit), "");
        if (why.empty()) return Error{error};
        unfit_here_.insert(unit);
        return Error{why};
    }

    Result<Loaded> selected(const std::string& unit, std::vector<Case> cases) {
        const auto chosen = wishes_.chosen.find(unit);
        Loaded loaded;
        std::vector<std::string> lacking;
        if (chosen != wishes_.chosen.end()) {
            for (const std::string& name : chosen->second) {
                if (std::ranges::find(cases, name, &Case::name) == cases.end()) {
                    return Error{fmt::format("no such test: {}::{}", unit, name)};
                }
            }
        }
        for (Case& test : cases) {
            const bool wanted =
                chosen == wishes_.chosen.end() ||
                std::ranges::find(chosen->second, test.name) != chosen->second.end();
            if (wanted && wishes_.keywords.match(id(unit, test))) {
                loaded.tests.push_back(std::move(test));
            } else {
                ++loaded.deselected;
            }
        }
        return loaded;
    }

    Wishes wishes_;
    fs::path directory_;
    std::vector<std::unique_ptr<BinaryKind>> kinds_;
    bool certain_;  // all are of the one kind
    Learnt learnt_;
    std::map<std::string, const BinaryKind*> kinds_of_units_;
    std::map<std::string, std::string> fingerprints_;
    std::set<std::string> unfit_here_;
};

}  // namespace

Result<std::unique_ptr<Framework>> make_binaries(const std::string& kind, Asked asked) {
    Result<Wishes> wishes = wishes_from(asked.arguments);
    if (!wishes) return Error{wishes.error()};
    std::vector<std::unique_ptr<BinaryKind>> kinds = all_kinds();
    if (!kind.empty()) {
        std::erase_if(kinds, [&](const auto& one) { return one->name() != kind; });
    }
    return std::unique_ptr<Framework>(std::make_unique<Binaries>(
        *std::move(wishes), std::move(asked.directory), std::move(kinds), !kind.empty()));
}

}  // namespace xgrid::worker::native
