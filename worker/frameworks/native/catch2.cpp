// Catch2: https://github.com/catchorg/Catch2
//
// Its XML reporter tells all that is needed, and flushes at each tag, so that what runs when a
// program dies is known. It also keeps what tests write to std::cout and std::cerr, and reports it
// when they end: what a test that crashes wrote to them is lost.
// Run against binaries of 2.13.10 (Debian 12's catch2) and 3.7.1 (Debian 13's source).
//
// Version 3 lists tests as XML; version 2 as lines, with an option that version 3 refuses. So a
// shell asks for XML first, and for lines if there is none.
//
// Tests are selected by names in quotes, where '\', ',' and '"' can be escaped, but not a '*' at
// either end, and case does not matter. What such a name matches beside its own test is excluded
// by name, or by the tags in which they differ (its `selector`). Two that differ in nothing but
// case run both; the report of the other one is not followed.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "worker/frameworks/native/binary_kind.hpp"
#include "worker/frameworks/native/catch2_report.hpp"
#include "worker/frameworks/native/reported_tests.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

constexpr std::size_t filter_bytes_max = 1024 * 1024;
constexpr std::size_t exclusion_bytes_max = 64 * 1024;

// The exit code of version 2 is the number of tests.
constexpr const char* list_script = R"(program=$1
shift
list=$("$program" "$@" --list-tests --reporter xml)
status=$?
case $list in
*'<?xml'*) printf '%s\n' "$list"; exit $status ;;
esac
list=$("$program" "$@" --list-test-names-only --verbosity high)
status=$?
printf '%s\n' "$list"
tests=$(printf '%s\n' "$list" | grep -c "$(printf '\t')@")
[ $status -eq $((tests % 256)) ] || exit $status
)";

// ---- The user's options

// What an option is called, and whether it takes a value; the rest of them take none.
struct Option {
    char letter;
    std::string_view name;
    bool takes_value;
    bool ours;  // decided here, or of no use in a batch
};

constexpr std::array<Option, 37> options = {{
    {'o', "out", true, true},
    {'r', "reporter", true, true},
    {'d', "durations", true, true},
    {'D', "min-duration", true, true},
    {'v', "verbosity", true, true},
    {'s', "success", false, true},
    {'l', "list-tests", false, true},
    {'t', "list-tags", false, true},
    {0, "list-test-names-only", false, true},
    {0, "list-reporters", false, true},
    {0, "list-listeners", false, true},
    {'?', "help", false, true},
    {'h', "help", false, true},
    {0, "libidentify", false, true},
    {0, "wait-for-keypress", true, true},
    {'n', "name", true, false},
    {'x', "abortx", true, false},
    {'w', "warn", true, false},
    {'f', "input-file", true, false},
    {'c', "section", true, false},
    {'b', "break", false, false},
    {'e', "nothrow", false, false},
    {'i', "invisibles", false, false},
    {'a', "abort", false, false},
    {'#', "filenames-as-tags", false, false},
    {0, "order", true, false},
    {0, "rng-seed", true, false},
    {0, "use-colour", true, false},
    {0, "colour-mode", true, false},
    {0, "shard-count", true, false},
    {0, "shard-index", true, false},
    {0, "skip-benchmarks", false, false},
    {0, "allow-running-no-tests", false, false},
    {0, "benchmark-no-analysis", false, false},
    {0, "benchmark-samples", true, false},
    {0, "benchmark-resamples", true, false},
    {0, "benchmark-warmup-time", true, false},
}};

// Has been applied in the listing.
bool selects(const Option& option) {
    return option.name == "input-file" || option.name.starts_with("shard-");
}

const Option* option_of(std::string_view argument) {
    const auto known = [&](const auto& is_it) -> const Option* {
        const auto found = std::ranges::find_if(options, is_it);
        return found == options.end() ? nullptr : &*found;
    };
    if (argument.starts_with("--")) {
        const std::string_view name = argument.substr(2, argument.find_first_of("=:") - 2);
        return known([&](const Option& each) { return each.name == name; });
    }
    return known([&](const Option& each) { return each.letter == argument[1]; });
}

// Several letters in one argument are several options.
std::vector<std::string> separated(const std::vector<std::string>& arguments) {
    std::vector<std::string> result;
    for (const std::string& each : arguments) {
        const bool letters = each.size() > 2 && each[0] == '-' && each[1] != '-' &&
                             each.find_first_of("=:") == std::string::npos;
        if (!letters) {
            result.push_back(each);
            continue;
        }
        for (const char letter : each.substr(1)) result.push_back(std::string("-") + letter);
    }
    return result;
}

// Those that a program gets beside ours. What a batch selects is not up to them.
std::vector<std::string> remaining(const std::vector<std::string>& given, bool batch) {
    const std::vector<std::string> arguments = separated(given);
    std::vector<std::string> result;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& each = arguments[i];
        if (each.size() < 2 || each[0] != '-') {
            if (!batch) result.push_back(each);  // a test, a pattern, or tags
            continue;
        }
        const Option* option = option_of(each);
        const bool dropped = option != nullptr && (option->ours || (batch && selects(*option)));
        const bool attached = each.find_first_of("=:") != std::string::npos;
        const bool more = i + 1 < arguments.size();
        // What follows an option that is not Catch2's belongs to it, as far as one can tell.
        const bool value =
            !attached && more &&
            (option != nullptr ? option->takes_value : !arguments[i + 1].starts_with('-'));
        if (!dropped) {
            result.push_back(each);
            if (value) result.push_back(arguments[i + 1]);
        }
        if (value) ++i;
    }
    return result;
}

// ---- Names and patterns

std::string folded(std::string_view name) {
    std::string text = trimmed(name);
    std::ranges::transform(text, text.begin(), [](unsigned char byte) {
        return static_cast<char>(std::tolower(byte));
    });
    return text;
}

// What is put in quotes to find a test. Its file holds one in a line, and "exclude:" cannot be
// escaped.
std::string pattern_of(const std::string& name) {
    const std::size_t line_end = name.find_first_of("\r\n");
    if (line_end != std::string::npos) return name.substr(0, line_end) + "*";
    return name.starts_with("exclude:") ? "*" + name.substr(1) : name;
}

// As Catch2 does it: '*' is special at either end.
struct Pattern {
    explicit Pattern(const std::string& of) : text(folded(of)) {
        if (text.starts_with('*')) {
            text.erase(0, 1);
            any_before = true;
        }
        if (text.ends_with('*')) {
            text.pop_back();
            any_behind = true;
        }
    }
    bool is_wild() const { return any_before || any_behind; }
    bool matches(const std::string& name) const {
        if (any_before && any_behind) return name.find(text) != std::string::npos;
        if (any_before) return name.ends_with(text);
        if (any_behind) return name.starts_with(text);
        return name == text;
    }

    std::string text;
    bool any_before = false;
    bool any_behind = false;
};

std::string in_quotes(const std::string& name) {
    std::string text = "\"";
    for (const char byte : pattern_of(name)) {
        if (byte == '\\' || byte == ',' || byte == '"') text += '\\';
        text += byte;
    }
    return text + '"';
}

// What is known of a test beside its name, as Case::selector has it.
struct Selector {
    std::string text() const {
        return std::string(1, is_version_3 ? '3' : '2') + (runs_others ? '+' : '=') + filter;
    }
    static Selector from(const Case& test) {
        const std::string& text = test.selector;
        if (text.size() < 2) return {.filter = in_quotes(test.name)};
        return {text[0] == '3', text[1] == '+', text.substr(2)};
    }

    bool is_version_3 = false;
    bool runs_others = false;  // what it matches cannot be told apart
    std::string filter;
};

// ---- Listing

struct Listed {
    Case test;
    std::set<std::string> tags;  // version 2 does not tell them
};

std::set<std::string> tags_from(std::string_view text) {
    std::set<std::string> tags;
    while (true) {
        const std::size_t begin = text.find('[');
        const std::size_t end = text.find(']', begin);
        if (begin == std::string_view::npos || end == std::string_view::npos) return tags;
        tags.insert(folded(text.substr(begin + 1, end - begin - 1)));
        text.remove_prefix(end + 1);
    }
}

class Listing : public XmlStream::Listener {
public:
    void opened(const Element&) override {}
    void closed(const std::string&) override { whole = true; }
    void found(const Element& element) override {
        const Element* name = element.child("Name");
        if (element.name != "TestCase" || name == nullptr) return;
        Listed listed{.test = {.name = name->text}};
        if (const Element* source = element.child("SourceInfo")) {
            listed.test.path = source->text_of("File");
            listed.test.line = line_from(source->text_of("Line"));
        }
        listed.tags = tags_from(element.text_of("Tags"));
        tests.push_back(std::move(listed));
    }

    std::vector<Listed> tests;
    bool whole = false;
};

// Version 2: the name, in quotes if it begins with '#'; then "\t@path:line".
std::optional<Listed> listed_from(std::string_view line) {
    const std::size_t place = line.rfind("\t@");
    if (place == std::string_view::npos) return {};
    std::string_view name = line.substr(0, place);
    if (name.starts_with("\"#") && name.ends_with('"')) name = name.substr(1, name.size() - 2);
    const std::string_view where = line.substr(place + 2);
    const std::size_t colon = where.rfind(':');
    Listed listed{.test = {.name = as_written(name)}};
    if (colon != std::string_view::npos) {
        listed.test.path = where.substr(0, colon);
        listed.test.line = line_from(std::string(where.substr(colon + 1)));
    }
    return listed;
}

std::vector<Listed> lines_from(std::string_view text) {
    std::vector<Listed> tests;
    for (const std::string_view line : lines_of(text)) {
        if (auto listed = listed_from(line)) tests.push_back(std::move(*listed));
    }
    return tests;
}

bool is_plain(const std::string& tag) {
    return !tag.empty() && tag.find_first_of("\\,\"[]~") == std::string::npos;
}

// What is matched with it, but not meant; empty: there is no telling them apart.
std::string exclusion(const Listed& other, const Listed& test) {
    if (!Pattern(pattern_of(other.test.name)).matches(folded(test.test.name))) {
        return "~" + in_quotes(other.test.name);
    }
    for (const std::string& tag : other.tags) {
        if (is_plain(tag) && !test.tags.contains(tag)) return "~[" + tag + "]";
    }
    for (const std::string& tag : test.tags) {
        if (is_plain(tag) && !other.tags.contains(tag)) return "[" + tag + "]";
    }
    return {};
}

void tell_apart(std::vector<Listed>& tests, bool is_version_3) {
    std::vector<std::string> names;
    std::map<std::string, std::vector<std::size_t>> namesakes;
    for (const Listed& each : tests) {
        namesakes[folded(each.test.name)].push_back(names.size());
        names.push_back(folded(each.test.name));
    }
    for (std::size_t i = 0; i < tests.size(); ++i) {
        const Pattern pattern(pattern_of(tests[i].test.name));
        std::set<std::string> excluded;
        const auto exclude = [&](std::size_t j) {
            if (j != i && pattern.matches(names[j])) excluded.insert(exclusion(tests[j], tests[i]));
        };
        Selector selector{.is_version_3 = is_version_3};
        if (pattern.is_wild()) {
            for (std::size_t j = 0; j < tests.size(); ++j) exclude(j);
            // A hidden one may match, too; this one is none, unless the user asked for such.
            if (is_version_3 && !tests[i].tags.contains(".")) excluded.insert("~[.]");
            selector.runs_others = !is_version_3;
        } else {
            for (const std::size_t j : namesakes[names[i]]) exclude(j);
        }
        selector.runs_others = selector.runs_others || excluded.contains("");
        std::string exclusions;
        for (const std::string& each : excluded) exclusions += each;
        if (exclusions.size() > exclusion_bytes_max) {
            exclusions.clear();
            selector.runs_others = true;
        }
        selector.filter = in_quotes(tests[i].test.name) + exclusions;
        tests[i].test.selector = selector.text();
    }
}

// ---- The kind

class Catch2 : public BinaryKind {
public:
    std::string_view name() const override { return "catch2"; }

    // Of the program or library that has the implementation, and of one that only has tests.
    std::vector<std::string_view> marks() const override {
        return {"OverallResultsCases", "_ZN5Catch7AutoReg"};
    }

    // In a line of its own, with the version.
    bool recognises(const std::string& help) const override {
        return std::ranges::any_of(std::array{"Catch v", "Catch2 v"}, [&](std::string_view sign) {
            const std::size_t at = help.find(sign);
            return at == 0 || (at != std::string::npos && help[at - 1] == '\n');
        });
    }

    Program listing(const std::string& path,
                    const std::vector<std::string>& arguments) const override {
        Program program{.command = {"/bin/sh", "-c", list_script, "sh", path}};
        std::ranges::move(remaining(arguments, false), std::back_inserter(program.command));
        return program;
    }

    Result<std::vector<Case>> cases(const Ran& ran,
                                    const std::vector<std::string>& /*arguments*/) const override {
        std::vector<Listed> tests;
        const std::size_t xml_begins = ran.out.find("<?xml");
        const bool is_xml = xml_begins != std::string::npos;
        if (is_xml) {
            Listing listing;
            XmlStream xml({"MatchingTests"});
            xml.read(std::string_view(ran.out).substr(xml_begins), listing);
            if (!listing.whole) return Error{"its list of tests breaks off"};
            tests = std::move(listing.tests);
        } else {
            tests = lines_from(ran.out);
        }
        tell_apart(tests, is_xml);
        std::vector<Case> cases;
        for (Listed& each : tests) cases.push_back(std::move(each.test));
        return cases;
    }

    Batch batch(const std::string& path, const std::vector<std::string>& arguments,
                std::span<const Case> tests) const override {
        Batch batch{.program = {.command = {path}}};
        std::ranges::move(remaining(arguments, true), std::back_inserter(batch.program.command));
        for (const char* each : {"--reporter", "xml", "--out", report_path, "--durations", "yes",
                                 "--input-file", file_path}) {
            batch.program.command.emplace_back(each);
        }
        bool is_version_3 = false;
        for (const Case& test : tests) {
            const Selector selector = Selector::from(test);
            std::string lines = selector.filter + "\n";
            // A listing has \x1B for a byte that XML cannot have.
            const std::string meant = as_meant(test.name);
            if (meant != test.name) lines += in_quotes(meant) + "\n";
            std::string& file = batch.program.file;
            if (batch.tests > 0 && file.size() + lines.size() > filter_bytes_max) break;
            file += lines;
            ++batch.tests;
            is_version_3 = is_version_3 || selector.is_version_3;
            if (selector.runs_others) batch.ends_with_0 = false;
        }
        // There may be nothing in it but tests that skip themselves.
        if (is_version_3) batch.program.command.emplace_back("--allow-running-no-tests");
        batch.reader = make_catch2_reader(tests.first(batch.tests));
        return batch;
    }
};

}  // namespace

std::unique_ptr<BinaryKind> make_catch2() { return std::make_unique<Catch2>(); }

}  // namespace xgrid::worker::native
