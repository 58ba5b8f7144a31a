#include "client/needs_settings.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr std::int64_t count_max = 1'000'000;

// Of one file; stops at the first thing that is wrong.
class Reader {
public:
    explicit Reader(const Origin& origin) : origin_(origin) {}

    Result<NeedsSettings> read(const TomlTable& table) {
        if (const auto needs = table.find("needs"); needs != table.end()) {
            const auto* rules = std::get_if<TomlList>(&needs->second.value);
            if (rules == nullptr) {
                blame("needs", needs->second, "[[needs]] tables");
            } else {
                for (const TomlValue& rule : *rules) read_rule(rule);
            }
        }
        if (const auto locks = table.find("locks"); locks != table.end()) {
            const auto* named = std::get_if<TomlTable>(&locks->second.value);
            if (named == nullptr) {
                blame("locks", locks->second, "a table");
            } else {
                for (const auto& [name, value] : *named) found_.locks[name] = lock_of(name, value);
            }
        }
        if (!wrong_.empty()) return Error{wrong_};
        return std::move(found_);
    }

private:
    void blame(const std::string& what, const TomlValue& value, const std::string& wanted) {
        if (!wrong_.empty()) return;
        wrong_ = fmt::format("{} in {}, line {}: wanted {}, found {}", what, origin_.name,
                             value.line, wanted, kind_of(value));
    }

    void blame_name(const std::string& what, const TomlValue& value, const std::string& known) {
        if (!wrong_.empty()) return;
        wrong_ = fmt::format("{} in {}, line {}: there is no such name, only {}", what,
                             origin_.name, value.line, known);
    }

    std::vector<std::string> texts_of(const std::string& what, const TomlValue& value) {
        std::vector<std::string> texts;
        const auto* list = std::get_if<TomlList>(&value.value);
        for (const TomlValue& item : list == nullptr ? TomlList{value} : *list) {
            const auto* text = std::get_if<std::string>(&item.value);
            if (text == nullptr || text->empty()) {
                blame(what, item, "text or a list of texts");
            } else {
                texts.push_back(*text);
            }
        }
        return texts;
    }

    std::uint32_t count_of(const std::string& what, const TomlValue& value) {
        const auto* number = std::get_if<std::int64_t>(&value.value);
        if (number != nullptr && *number >= 1 && *number <= count_max) {
            return static_cast<std::uint32_t>(*number);
        }
        blame(what, value, "a whole number from 1 on");
        return 1;
    }

    bool truth_of(const std::string& what, const TomlValue& value) {
        const auto* truth = std::get_if<bool>(&value.value);
        if (truth == nullptr) blame(what, value, "true or false");
        return truth != nullptr && *truth;
    }

    void read_rule(const TomlValue& value) {
        const auto* table = std::get_if<TomlTable>(&value.value);
        if (table == nullptr) return blame("needs", value, "[[needs]] tables");
        std::vector<std::string> patterns;
        UnitNeeds needs;
        for (const auto& [name, one] : *table) {
            const std::string what = name + " of needs";
            if (name == "units") {
                patterns = texts_of(what, one);
            } else if (name == "locks") {
                needs.locks = texts_of(what, one);
            } else if (name == "processors") {
                needs.processors = count_of(what, one);
            } else if (name == "serial") {
                needs.serial = truth_of(what, one);
            } else {
                blame_name(what, one, "units, locks, processors and serial");
            }
        }
        if (patterns.empty()) blame("needs", value, "units that they are for");
        for (const std::string& pattern : patterns) found_.needs.push_back({pattern, needs});
    }

    Lock lock_of(const std::string& lock, const TomlValue& value) {
        const auto* table = std::get_if<TomlTable>(&value.value);
        const std::string what = lock + " of locks";
        if (table == nullptr) return {.holders = count_of(what, value)};
        Lock found;
        for (const auto& [name, one] : *table) {
            const auto* text = std::get_if<std::string>(&one.value);
            if (name == "holders") {
                found.holders = count_of("holders of " + lock, one);
            } else if (name != "scope") {
                blame_name(name + " of " + lock, one, "holders and scope");
            } else if (text != nullptr && (*text == "grid" || *text == "run")) {
                found.of_grid = *text == "grid";
            } else {
                blame("scope of " + lock, one, "\"run\" or \"grid\"");
            }
        }
        return found;
    }

    const Origin& origin_;
    NeedsSettings found_;
    std::string wrong_;
};

}  // namespace

bool is_of_needs(const std::string& name) { return name == "needs" || name == "locks"; }

Result<NeedsSettings> needs_of(const TomlTable& table, const Origin& origin) {
    return Reader(origin).read(table);
}

void unite(NeedsSettings& earlier, NeedsSettings later) {
    earlier.needs.insert(earlier.needs.end(), std::make_move_iterator(later.needs.begin()),
                         std::make_move_iterator(later.needs.end()));
    for (auto& [name, lock] : later.locks) earlier.locks[name] = lock;
}

}  // namespace xgrid::client
