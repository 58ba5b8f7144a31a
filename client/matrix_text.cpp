#include "client/matrix_text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "client/summary_line.hpp"

namespace xgrid::client {
namespace {

using Kind = MatrixGroup::Kind;

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

// The parts one after the other, in as many lines as it takes; all but the first are indented.
std::string wrapped(const std::vector<std::string>& parts, std::string_view indent,
                    std::size_t columns) {
    std::string text;
    std::string line;
    for (const std::string& part : parts) {
        if (!line.empty() && width(line) + 1 + width(part) > columns) {
            text += line + "\n";
            line = indent;
            line += part;
        } else {
            line += (line.empty() ? "" : " ") + part;
        }
        line = shortened(line, columns);
    }
    return text + line + "\n";
}

class MatrixText {
public:
    MatrixText(const Tally& tally, const EnvironmentNames& names, const Markup& markup,
               const MatrixLimits& limits)
        : tally_(tally),
          matrix_(*tally.matrix()),
          names_(names),
          markup_(markup),
          limits_(limits),
          columns_(markup.columns()) {}

    std::string render() const {
        std::string text = markup_.line('=', "environments") + "\n" + counts();
        const std::vector<MatrixGroup> groups = matrix_.groups();
        const std::size_t shown = std::min(groups.size(), limits_.groups);
        for (std::size_t i = 0; i < shown; ++i) text += group_text(groups[i]);
        std::size_t tests = 0;
        for (std::size_t i = shown; i < groups.size(); ++i) tests += groups[i].tests.size();
        if (tests == 0) return text;
        return text +
               shortened(fmt::format("... and {} that went in other ways", tests_text(tests)),
                         columns_) +
               "\n";
    }

private:
    static std::string tests_text(std::size_t tests) {
        return fmt::format("{} test{}", tests, tests == 1 ? "" : "s");
    }

    std::string name(std::uint32_t environment) const { return printable(names_[environment]); }

    // "A, B" as parts that may stand on lines of their own, the last with what follows it.
    void list(std::vector<std::string>& parts, const char* before,
              const std::vector<std::uint32_t>& environments, const char* after) const {
        if (environments.empty()) return;
        parts.emplace_back(before);
        for (const std::uint32_t one : environments) {
            parts.push_back(name(one) + (one == environments.back() ? after : ","));
        }
    }

    std::string counts() const {
        std::size_t widest = 0;
        for (std::uint32_t i = 0; i < matrix_.environments(); ++i) {
            widest = std::max(widest, width(name(i)));
        }
        widest = std::min(widest, columns_ / 2);
        std::string text;
        for (std::uint32_t i = 0; i < matrix_.environments(); ++i) {
            const std::string label = squeezed(name(i), widest);
            std::string line = label + std::string(widest - width(label) + 2, ' ');
            line += result_of(i);
            const EnvironmentTally& tally = tally_.environments()[i];
            const bool bad = tally.count("failed") + tally.count("error") > 0 || lost(i);
            text += markup_.paint(shortened(line, columns_), bad ? Hue::red : Hue::none) + "\n";
        }
        return text;
    }

    bool lost(std::uint32_t environment) const {
        const EnvironmentEnded* end = tally_.end_of(environment);
        return end != nullptr && end->end != RunEnd::completed && end->end != RunEnd::stopped;
    }

    std::string result_of(std::uint32_t environment) const {
        const EnvironmentTally& tally = tally_.environments()[environment];
        std::string text = counts_text(tally.counts());
        if (text.empty()) text = "no tests ran";
        if (!lost(environment)) return text;
        const std::string why = tally_.end_of(environment)->reason;
        const std::string reason = printable(why.substr(0, why.find('\n')));
        return tally.begun() ? fmt::format("{}; ended: {}", text, reason)
                             : fmt::format("not available: {}", reason);
    }

    std::string group_text(const MatrixGroup& group) const {
        std::string text = wrapped(heading(group), "    ", columns_);
        const std::size_t shown = std::min(group.tests.size(), limits_.tests);
        for (std::size_t i = 0; i < shown; ++i) {
            text += shortened("  " + printable(group.tests[i].id), columns_) + "\n";
        }
        if (shown < group.tests.size()) {
            text += fmt::format("  ... and {} more\n", group.tests.size() - shown);
        }
        if (group.kind == Kind::failed_somewhere) text += differences(group);
        return text;
    }

    std::vector<std::string> heading(const MatrixGroup& group) const {
        std::vector<std::string> parts;
        const std::string tests = "(" + tests_text(group.tests.size()) + "):";
        if (group.kind == Kind::failed_everywhere) {
            return {"failed everywhere", tests};
        }
        if (group.kind == Kind::found_somewhere) {
            std::vector<std::uint32_t> there;
            for (const Cell cell : {Cell::passed, Cell::skipped, Cell::known}) {
                std::ranges::copy(group.where(cell), std::back_inserter(there));
            }
            std::ranges::sort(there);
            list(parts, "not collected on", group.where(Cell::absent), ",");
            list(parts, "but on", there, ",");
        } else {
            list(parts, "failed on", group.where(Cell::failed), ",");
            list(parts, "passed on", group.where(Cell::passed), ",");
            list(parts, "skipped on", group.where(Cell::skipped), ",");
            list(parts, "not collected on", group.where(Cell::absent), ",");
            list(parts, "not run on", group.where(Cell::known), ",");
        }
        list(parts, "not known on", group.where(Cell::open), ",");
        if (parts.back().ends_with(',')) parts.back().pop_back();
        parts.push_back(tests);
        return parts;
    }

    std::string differences(const MatrixGroup& group) const {
        if (group.where(Cell::passed).empty()) return {};
        const std::vector<Difference> found = matrix_.differences(group);
        if (found.empty()) {
            return shortened("  no line of their fingerprints tells these apart", columns_) + "\n";
        }
        std::string text;
        const std::size_t shown = std::min(found.size(), limits_.lines);
        for (std::size_t i = 0; i < shown; ++i) {
            const std::string lines =
                wrapped({printable(fmt::format("  {}:", found[i].name)),
                         printable(joined(found[i].failed, " or ") + " where failed,"),
                         printable(joined(found[i].passed, " or ") + " where passed")},
                        "      ", columns_);
            text += markup_.paint(lines.substr(0, lines.size() - 1), Hue::cyan) + "\n";
        }
        if (shown < found.size()) {
            text += fmt::format("  ... and {} more that differ\n", found.size() - shown);
        }
        return text;
    }

    const Tally& tally_;
    const Matrix& matrix_;
    const EnvironmentNames& names_;
    const Markup& markup_;
    MatrixLimits limits_;
    std::size_t columns_;
};

}  // namespace

std::string matrix_text(const Tally& tally, const EnvironmentNames& names, const Markup& markup,
                        const MatrixLimits& limits) {
    if (tally.matrix() == nullptr) return {};
    return MatrixText(tally, names, markup, limits).render();
}

}  // namespace xgrid::client
