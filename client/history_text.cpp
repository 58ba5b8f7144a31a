#include "client/history_text.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "client/answer_text.hpp"
#include "client/markup.hpp"
#include "client/run_id.hpp"
#include "client/table.hpp"
#include "shared/history_json.hpp"
#include "shared/outcome_words.hpp"

namespace xgrid::client {
namespace {

// More tests than these are told in a line each.
constexpr std::size_t told_in_full_max = 5;
constexpr std::size_t tree_letters = 12;

std::string ago(std::uint64_t at, std::uint64_t now) {
    if (at == 0) return "";
    return now <= at ? "just now" : rough_time(static_cast<double>(now - at)) + " ago";
}

std::string takes(double seconds) {
    return seconds < 0.1 ? fmt::format("{:.1f} ms", seconds * 1000)
                         : fmt::format("{:.2f} s", seconds);
}

std::string name_of(const TestHistory& test) {
    std::string name = test.test.id;
    if (name.find(test.unit) == std::string::npos) name = test.unit + ": " + name;
    if (test.test.occurrence > 0) name += fmt::format(" (#{})", test.test.occurrence + 1);
    return name;
}

std::string failed_of(const TestHistory& test) {
    return fmt::format("{} of {}", test.failures, test.verdicts);
}

std::string state_of(const TestHistory& test) {
    if (!test.proofs.empty()) return "flaky";
    return test.suspected ? "suspected" : "";
}

std::string text_of(const FlakeProof& proof) {
    if (proof.passed_run == proof.failed_run) {
        return fmt::format("failed and passed in run {}", short_id(proof.failed_run));
    }
    const std::string tree = proof.tree.substr(0, tree_letters);
    return fmt::format("passed in run {}, failed in run {}, both with tree {}",
                       short_id(proof.passed_run), short_id(proof.failed_run), tree);
}

std::string text_of(const std::vector<CoFailure>& changes) {
    std::string text;
    for (const CoFailure& one : changes) {
        text += fmt::format("{}{} ({} of {} runs)", text.empty() ? "" : ", ", printable(one.path),
                            one.failures, one.runs);
    }
    return text.empty() ? text : "these paths change: " + text;
}

std::string in_full(const TestHistory& test, std::uint64_t now) {
    std::string text = name_of(test) + "\n";
    const auto line = [&](const char* head, const std::string& what) {
        if (!what.empty()) text += fmt::format("  {:<11} {}\n", head, what);
    };
    line("project", test.project);
    line("in", test.environment);
    line("takes", takes(test.seconds));
    line("outcomes", fmt::format("{}  the last {}, the newest at the right; {} failed in all",
                                 strip_of(test), test.last.size(), failed_of(test)));
    line("first seen", ago(test.first_seen, now));
    line("last seen", ago(test.last_seen, now));
    if (!test.proofs.empty()) {
        line("flaky since", ago(flaky_since(test), now));
        for (const FlakeProof& proof : test.proofs) {
            line("proof", fmt::format("{}: {}", ago(proof.at, now), text_of(proof)));
        }
    } else if (test.suspected) {
        line("suspected", "passed and failed, but not yet with the same code");
    }
    line("fails when", text_of(test.changes));
    return text;
}

bool several_projects(const std::vector<TestHistory>& tests) {
    std::set<std::string> projects;
    for (const TestHistory& test : tests) projects.insert(test.project);
    return projects.size() > 1;
}

}  // namespace

std::string strip_of(const TestHistory& test) {
    static constexpr std::array letters = {'.', 'F', 'E', 's', 'x', 'X'};
    std::string strip;
    for (const PastVerdict& verdict : test.last) {
        strip += letters.at(static_cast<std::size_t>(verdict.outcome));
    }
    std::ranges::reverse(strip);
    return strip;
}

std::string text_of_history(const std::vector<TestHistory>& tests, std::uint64_t now,
                            std::size_t columns) {
    std::string text;
    if (tests.size() <= told_in_full_max) {
        for (const TestHistory& test : tests) {
            text += (text.empty() ? "" : "\n") + in_full(test, now);
        }
        return text;
    }
    Table table({"TEST", "IN", ">TAKES", ">FAILED", "LAST SEEN", "OUTCOMES", ""});
    for (const TestHistory& test : tests) {
        table.add({name_of(test), test.environment, takes(test.seconds), failed_of(test),
                   ago(test.last_seen, now), strip_of(test), state_of(test)});
    }
    return table.text(columns);
}

std::string text_of_flakes(const std::vector<TestHistory>& tests, std::uint64_t now,
                           std::size_t columns) {
    const bool projects = several_projects(tests);
    const auto add_project = [&](std::vector<std::string> row, const std::string& project) {
        if (projects) row.insert(row.begin(), project);
        return row;
    };
    Table table(
        add_project({"TEST", "STATE", "IN", ">FAILED", "SINCE", "OUTCOMES", "PROOF"}, "PROJECT"));
    for (const TestHistory& test : tests) {
        const std::string proof =
            test.proofs.empty() ? "none: its code was not the same" : text_of(test.proofs.front());
        table.add(add_project({name_of(test), state_of(test), test.environment, failed_of(test),
                               ago(flaky_since(test), now), strip_of(test), proof},
                              test.project));
    }
    return table.text(columns);
}

}  // namespace xgrid::client
