#include "client/quarantine_settings.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace xgrid::client {
namespace {

// Of one entry; stops at the first thing that is wrong.
class Reader {
public:
    Reader(const Origin& origin, std::size_t line) : origin_(origin), line_(line) {}

    Result<std::vector<Quarantine>> read(const TomlTable& table) {
        std::vector<std::string> patterns;
        Quarantine found;
        for (const auto& [name, value] : table) {
            if (name == "tests") {
                patterns = texts_of(name, value);
            } else if (name == "owner") {
                found.owner = text_of(name, value);
            } else if (name == "issue") {
                found.issue = text_of(name, value);
            } else if (name == "until") {
                found.until = day_of(value);
            } else {
                blame(name, value.line,
                      "there is no such name, only tests, owner, issue and until");
            }
        }
        if (patterns.empty()) lack("tests");
        if (found.owner.empty()) lack("owner");
        if (found.issue.empty()) lack("issue");
        if (found.until.empty()) lack("until");
        if (!wrong_.empty()) return Error{wrong_};
        std::vector<Quarantine> all;
        for (std::string& pattern : patterns) {
            found.tests = std::move(pattern);
            all.push_back(found);
        }
        return all;
    }

private:
    void blame(const std::string& name, std::size_t line, const std::string& why) {
        if (!wrong_.empty()) return;
        wrong_ = fmt::format("{} of quarantine in {}, line {}: {}", name, origin_.name, line, why);
    }

    void lack(const std::string& name) {
        blame(name, line_, "it is missing: an entry has tests, owner, issue and until");
    }

    std::string text_of(const std::string& name, const TomlValue& value) {
        const auto* text = std::get_if<std::string>(&value.value);
        if (text != nullptr && !text->empty()) return *text;
        blame(name, value.line,
              "wanted text, found " + (text != nullptr ? "none" : kind_of(value)));
        return {};
    }

    std::vector<std::string> texts_of(const std::string& name, const TomlValue& value) {
        std::vector<std::string> texts;
        const auto* list = std::get_if<TomlList>(&value.value);
        for (const TomlValue& item : list == nullptr ? TomlList{value} : *list) {
            texts.push_back(text_of(name, item));
        }
        return texts;
    }

    std::string day_of(const TomlValue& value) {
        const auto* text = std::get_if<std::string>(&value.value);
        if (text != nullptr && is_day(*text)) return *text;
        blame("until", value.line,
              "wanted a day as in \"2026-12-31\", found " +
                  (text != nullptr ? "'" + *text + "'" : kind_of(value)));
        return {};
    }

    const Origin& origin_;
    std::size_t line_;
    std::string wrong_;
};

}  // namespace

bool is_of_quarantine(const std::string& name) { return name == "quarantine"; }

Result<std::vector<Quarantine>> quarantines_of(const TomlTable& table, const Origin& origin) {
    std::vector<Quarantine> all;
    const auto found = table.find("quarantine");
    if (found == table.end()) return all;
    const auto* entries = std::get_if<TomlList>(&found->second.value);
    for (const TomlValue& value : entries == nullptr ? TomlList{found->second} : *entries) {
        const auto* entry = std::get_if<TomlTable>(&value.value);
        if (entry == nullptr || entries == nullptr) {
            return Error{
                fmt::format("quarantine in {}, line {}: wanted [[quarantine]] tables, found {}",
                            origin.name, value.line, kind_of(value))};
        }
        Result<std::vector<Quarantine>> one = Reader(origin, value.line).read(*entry);
        if (!one) return Error{one.error()};
        all.insert(all.end(), one->begin(), one->end());
    }
    return all;
}

bool is_day(const std::string& text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    const auto take = [&](std::size_t from, std::size_t count, auto& number) {
        const char* end = text.data() + from + count;
        return std::from_chars(text.data() + from, end, number).ptr == end;
    };
    const bool formed = text.size() == 10 && text[4] == '-' && text[7] == '-' && take(0, 4, year) &&
                        take(5, 2, month) && take(8, 2, day) && year > 0;
    return formed && std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month),
                                                 std::chrono::day(day))
                         .ok();
}

std::string today() {
    const std::time_t seconds =
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm local{};
    localtime_r(&seconds, &local);
    return fmt::format("{:%Y-%m-%d}", local);
}

std::vector<std::string> drop_expired(std::vector<Quarantine>& all, const std::string& day) {
    std::vector<std::string> lines;
    std::erase_if(all, [&](const Quarantine& one) {
        if (one.until >= day) return false;
        lines.push_back(
            fmt::format("the quarantine of {} ended with {}, and failures there count again "
                        "(owner: {}, {})",
                        one.tests, one.until, one.owner, one.issue));
        return true;
    });
    return lines;
}

}  // namespace xgrid::client
