// doctest: https://github.com/doctest/doctest
//
// Its XML reporter tells all that is needed, and flushes at each tag, so that what runs when a
// program dies is known. Run against binaries of 2.4.9 (Debian 12); older versions from 2.3 on by
// their source: they have no `skipped` in a listing, and no `test_case_success`.
//
// Tests are selected by patterns for their names, where '*' and '?' cannot be escaped, ',' and '\'
// not before 2.4.7, and case does not matter unless the user wants it to; and several tests may
// have one name. Whatever a pattern matches is run in a fixed order, by file and line, of which
// --first and --last take a part: so a test that shares its pattern is selected by its place there
// (its `selector`), and is alone in its batch.
//
// Options have their long prefix: a program may have turned off the short forms.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "worker/frameworks/native/binary_kind.hpp"
#include "worker/frameworks/native/doctest_report.hpp"
#include "worker/frameworks/native/reported_tests.hpp"

namespace xgrid::worker::native {
namespace {

constexpr std::size_t filter_bytes_max = 80'000;  // the kernel's limit for one argument is 131,072

// ---- What the user's own options may not be, since ours are

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 39> never = {"r",      "reporters",
                                                    "o",      "out",
                                                    "c",      "count",
                                                    "q",      "quiet",
                                                    "ltc",    "list-test-cases",
                                                    "lts",    "list-test-suites",
                                                    "lr",     "list-reporters",
                                                    "h",      "help",
                                                    "?",      "v",
                                                    "d",      "duration",
                                                    "nss",    "no-skipped-summary",
                                                    "npf",    "no-path-filenames",
                                                    "nr",     "no-run",
                                                    "nln",    "no-line-numbers",
                                                    "e",      "exit",
                                                    "s",      "success",
                                                    "f",      "first",
                                                    "l",      "last",
                                                    "ob",     "order-by",
                                                    "version"};
constexpr std::array<std::string_view, 2> test_names = {"tc", "test-case"};
constexpr std::array<std::string_view, 2> skips = {"ns", "no-skip"};

// Of an option, without what it is set to; empty: it is none.
std::string_view option_name(std::string_view argument) {
    if (!argument.starts_with('-')) return {};
    argument.remove_prefix(std::min(argument.find_first_not_of('-'), argument.size()));
    if (argument.starts_with("dt-")) argument.remove_prefix(3);
    return argument.substr(0, argument.find('='));
}

bool is_one_of(std::string_view argument, Names names) {
    return std::ranges::find(names, option_name(argument)) != names.end();
}

std::vector<std::string> without(std::vector<std::string> arguments, Names names) {
    std::erase_if(arguments, [&](const std::string& each) { return is_one_of(each, names); });
    return arguments;
}

bool is_set(const std::vector<std::string>& arguments, Names names) {
    bool set = false;
    for (const std::string& each : arguments) {
        if (!is_one_of(each, names)) continue;
        const std::size_t value = each.find('=');
        static constexpr std::array<std::string_view, 4> yes = {"1", "true", "on", "yes"};
        set = value == std::string::npos ||
              std::ranges::find(yes, std::string_view(each).substr(value + 1)) != yes.end();
    }
    return set;
}

// ---- Names and patterns

// Matches the name, and hardly anything else; for all versions.
std::string pattern_of(std::string name) {
    if (name.empty()) return "*";  // an empty pattern is none
    std::ranges::replace_if(
        name, [](char byte) { return byte == ',' || byte == '\\'; }, '?');
    return name;
}

// A listing has \x1B for a byte that XML cannot have.
std::vector<std::string> patterns_of(const std::string& name) {
    std::vector<std::string> patterns = {pattern_of(name)};
    const std::string meant = as_meant(name);
    if (meant != name) patterns.push_back(pattern_of(meant));
    return patterns;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char byte) {
        return static_cast<char>(std::tolower(byte));
    });
    return text;
}

// As doctest does it: '*' is any text, '?' any byte.
bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// Gives each test that shares its pattern its place among those that it matches.
void tell_apart(std::vector<Case>& cases, bool case_sensitive) {
    const auto folded = [&](const std::string& text) {
        return case_sensitive ? text : lower(text);
    };
    std::vector<std::size_t> run;  // one that is skipped is not counted
    std::vector<std::string> names;
    std::map<std::string, std::vector<std::size_t>> namesakes;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        if (!cases[i].skip.empty()) continue;
        names.push_back(folded(cases[i].name));
        namesakes[names.back()].push_back(run.size());
        run.push_back(i);
    }
    for (std::size_t i = 0; i < run.size(); ++i) {
        const std::string pattern = folded(pattern_of(cases[run[i]].name));
        std::vector<std::size_t> matched;
        if (pattern.find_first_of("*?") == std::string::npos) {
            matched = namesakes[pattern];
        } else {
            for (std::size_t j = 0; j < run.size(); ++j) {
                if (matches(pattern, names[j])) matched.push_back(j);
            }
        }
        if (matched.size() < 2) continue;
        const auto place = std::ranges::find(matched, i) - matched.begin();
        cases[run[i]].selector = std::to_string(place + 1);
    }
}

// ---- Listing

class Listing : public XmlStream::Listener {
public:
    void opened(const Element&) override {}
    void closed(const std::string&) override { whole = true; }
    void found(const Element& element) override {
        if (element.name == "Options") {
            case_sensitive = element.attribute("case_sensitive") == "true";
        } else if (element.name == "TestCase") {
            cases.push_back({.name = element.attribute("name"),
                             .suite = element.attribute("testsuite"),
                             .path = element.attribute("filename"),
                             .line = line_from(element.attribute("line"))});
            if (element.attribute("skipped") == "true") cases.back().skip = doctest_skip_reason;
            tells_skipped = tells_skipped && !element.attribute("skipped").empty();
        }
    }

    std::vector<Case> cases;
    bool whole = false;
    bool case_sensitive = false;
    bool tells_skipped = true;
};

// Of one of a version that does not tell whether it is skipped.
constexpr const char* maybe_skipped = "?";

// ---- The kind

class Doctest : public BinaryKind {
public:
    std::string_view name() const override { return "doctest"; }

    // Of the program or library that has the implementation, and of one that only has tests.
    std::vector<std::string_view> marks() const override {
        return {"OverallResultsTestCases", "_ZN7doctest6detail7regTest"};
    }

    bool recognises(const std::string& help) const override {
        return help.find("doctest version is \"") != std::string::npos;
    }

    // Skipped ones are listed only if they are not to be skipped.
    Program listing(const std::string& path,
                    const std::vector<std::string>& arguments) const override {
        Program program{.command = {path}};
        std::ranges::move(without(without(arguments, never), skips),
                          std::back_inserter(program.command));
        for (const char* each :
             {"--dt-list-test-cases", "--dt-reporters=xml", "--dt-no-skip=true"}) {
            program.command.emplace_back(each);
        }
        return program;
    }

    Result<std::vector<Case>> cases(const Ran& ran,
                                    const std::vector<std::string>& arguments) const override {
        Listing listing;
        XmlStream xml({"doctest"});
        // Who knows what it printed before.
        const std::size_t from = ran.out.find("<?xml");
        if (from == std::string::npos) return Error{"its list of tests is not there"};
        xml.read(std::string_view(ran.out).substr(from), listing);
        if (!listing.whole) return Error{"its list of tests breaks off"};
        const bool runs_skipped = is_set(arguments, skips);
        for (Case& each : listing.cases) {
            if (runs_skipped) each.skip.clear();
            if (!listing.tells_skipped && !runs_skipped) each.selector = maybe_skipped;
        }
        tell_apart(listing.cases, listing.case_sensitive);
        return std::move(listing.cases);
    }

    Batch batch(const std::string& path, const std::vector<std::string>& arguments,
                std::span<const Case> tests) const override {
        Batch batch{.program = {.command = {path}}};
        std::ranges::move(without(without(arguments, never), test_names),
                          std::back_inserter(batch.program.command));
        std::string filter;
        bool tell_skipped = false;
        for (const Case& test : tests) {
            const bool alone = !test.selector.empty() && test.selector != maybe_skipped;
            if (alone && batch.tests > 0) break;
            std::string more;
            for (const std::string& each : patterns_of(test.name)) more += "," + each;
            if (batch.tests > 0 && filter.size() + more.size() > filter_bytes_max) break;
            filter += more;
            tell_skipped = tell_skipped || test.selector == maybe_skipped;
            ++batch.tests;
            if (!alone) continue;
            batch.program.command.push_back("--dt-first=" + test.selector);
            batch.program.command.push_back("--dt-last=" + test.selector);
            break;
        }
        filter.erase(0, 1);
        batch.program.command.push_back("--dt-test-case=" + filter);
        batch.program.command.push_back("--dt-reporters=xml");
        batch.program.command.push_back(fmt::format("--dt-out={}", report_path));
        batch.program.command.push_back("--dt-duration=true");
        if (!tell_skipped) batch.program.command.push_back("--dt-no-skipped-summary=true");
        batch.reader = make_doctest_reader(tests.first(batch.tests));
        return batch;
    }
};

}  // namespace

std::unique_ptr<BinaryKind> make_doctest() { return std::make_unique<Doctest>(); }

}  // namespace xgrid::worker::native
