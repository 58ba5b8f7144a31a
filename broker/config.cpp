#include "broker/config.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/key_list.hpp"
#include "shared/address.hpp"
#include "shared/endpoint.hpp"
#include "shared/size_text.hpp"
#include "shared/time_text.hpp"
#include "shared/toml_text.hpp"

namespace xgrid::broker {
namespace {

// One key of a table, and the place of its value. False: that is no such value.
struct Field {
    std::string name;
    std::string wanted;
    std::string meaning;
    std::string usual;  // as it would be written
    std::function<bool(const TomlValue&)> take;
};
using Fields = std::vector<Field>;

std::string written(std::uint64_t bytes) {
    constexpr std::uint64_t unit_max = 40;
    for (std::uint64_t shift = unit_max; shift > 0; shift -= 10) {
        const std::uint64_t unit = std::uint64_t{1} << shift;
        if (bytes >= unit && bytes % unit == 0) {
            return fmt::format("\"{}{}\"", bytes / unit, " KMGT"[shift / 10]);
        }
    }
    return fmt::format("{}", bytes);
}

std::string written(Duration time) {
    const auto seconds = time / std::chrono::seconds(1);
    constexpr std::int64_t day = 86'400;
    return seconds % day == 0 ? fmt::format("\"{}d\"", seconds / day)
                              : fmt::format("\"{}s\"", seconds);
}

template <class T>
Field whole(std::string name, T least, std::string meaning, T& place) {
    const auto most = std::numeric_limits<T>::max();
    return {std::move(name), fmt::format("a whole number from {} on", least), std::move(meaning),
            fmt::format("{}", place), [least, most, &place](const TomlValue& value) {
                const auto* number = std::get_if<std::int64_t>(&value.value);
                if (number == nullptr || *number < 0) return false;
                const auto given = static_cast<std::uint64_t>(*number);
                if (given < least || given > most) return false;
                place = static_cast<T>(given);
                return true;
            }};
}

Field real(std::string name, double least, std::string wanted, std::string meaning, double& place) {
    return {std::move(name), std::move(wanted), std::move(meaning), fmt::format("{}", place),
            [least, &place](const TomlValue& value) {
                const auto* whole = std::get_if<std::int64_t>(&value.value);
                const auto* number = std::get_if<double>(&value.value);
                if (whole == nullptr && number == nullptr) return false;
                const double given = whole != nullptr ? static_cast<double>(*whole) : *number;
                if (!std::isfinite(given) || given < least) return false;
                place = given;
                return true;
            }};
}

std::optional<std::uint64_t> bytes_of(const TomlValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.value)) return bytes_from(*text);
    const auto* number = std::get_if<std::int64_t>(&value.value);
    if (number == nullptr || *number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

template <class T>
Field bytes(std::string name, std::uint64_t least, std::string meaning, T& place,
            std::string usual) {
    return {std::move(name),
            fmt::format("a size such as \"500M\" or \"20G\"{}",
                        least > 1 ? fmt::format(", from {} on", written(least)) : ""),
            std::move(meaning), std::move(usual), [least, &place](const TomlValue& value) {
                const std::optional<std::uint64_t> given = bytes_of(value);
                if (!given || *given < least) return false;
                place = static_cast<T>(*given);
                return true;
            }};
}

template <class T>
Field time(std::string name, std::chrono::seconds least, std::string meaning, T& place) {
    return {std::move(name),
            fmt::format("a time such as \"90s\", \"1h\" or \"14d\", from {} s on", least.count()),
            std::move(meaning), written(place), [least, &place](const TomlValue& value) {
                const auto* text = std::get_if<std::string>(&value.value);
                const auto* number = std::get_if<std::int64_t>(&value.value);
                const auto given = text != nullptr     ? time_from_text(*text)
                                   : number != nullptr ? time_from_text(std::to_string(*number))
                                                       : std::nullopt;
                if (!given || *given < least) return false;
                place = *given;
                return true;
            }};
}

template <class T>
Field exactly(std::string name, std::string wanted, std::optional<T>& place) {
    return {std::move(name), std::move(wanted), "", "", [&place](const TomlValue& value) {
                const auto* given = std::get_if<T>(&value.value);
                if (given == nullptr) return false;
                place = *given;
                return true;
            }};
}

Field only_if(Field field, std::function<bool()> fits) {
    field.take = [take = std::move(field.take), fits = std::move(fits)](const TomlValue& value) {
        return take(value) && fits();
    };
    return field;
}

// ---- The tables

Fields fields_of(StartConfig& start, bool may_name_data) {
    Fields fields = {
        only_if(exactly("bind", "an endpoint such as \"tcp://127.0.0.1:7555\"", start.bind),
                [&start] { return is_endpoint(*start.bind); }),
        only_if(exactly("http", "[HOST:]PORT, as text", start.http),
                [&start] { return bool(address_from(*start.http, {})); }),
        bytes("cache-size", 1, "", start.cache_bytes, ""),
        exactly("keys", "true or false", start.keys),
        exactly("insecure", "true or false", start.insecure),
    };
    if (may_name_data) fields.push_back(exactly("data", "a folder, as text", start.data));
    return fields;
}

// Less would keep out a single message.
constexpr std::uint64_t bytes_at_once_least = std::uint64_t{64} << 20;
constexpr double weight_least = 0.001;

Fields fields_of(UserLimits& limits, UserShare& share) {
    return {
        whole<std::size_t>("open-runs", 1, "runs that are not over; more are refused",
                           limits.open_runs),
        whole<std::uint64_t>("queued-tests", 1,
                             "tests without a verdict in them; with more, no run is taken on",
                             limits.queued_tests),
        real("messages-per-second", 1, "a number from 1 on",
             "over a longer time; what is beyond is not heard", limits.messages_per_second),
        real("messages-at-once", 1, "a number from 1 on", "in a burst", limits.messages_at_once),
        bytes("bytes-per-second", 1, "likewise", limits.bytes_per_second, "1000000000"),
        bytes("bytes-at-once", bytes_at_once_least, "in a burst", limits.bytes_at_once,
              "4000000000"),
        real("weight", weight_least, fmt::format("a number from {} on", weight_least),
             "twice as much is twice the share of the slots", share.weight),
        whole<std::uint32_t>("slots", 0, "at once; 0: no limit", share.slots_max),
    };
}

Fields fields_of_keep(Rules& rules) {
    return {time("age", std::chrono::seconds(1), "of results of runs that are over; then they go",
                 rules.kept_age),
            bytes("bytes", 1, "of all results; the oldest go", rules.kept_bytes,
                  written(rules.kept_bytes))};
}

// Workers and clients say something each second.
Fields fields_of_lease(StartConfig& start) {
    return {
        time("worker", std::chrono::seconds(3), "silent for longer, a worker is lost",
             start.worker_lease),
        time("client", std::chrono::seconds(5),
             "silent for longer, a client is gone, and its run is cancelled", start.client_lease)};
}

// ---- Reading

std::string found(const TomlValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.value)) {
        constexpr std::size_t shown_max = 60;
        const bool plain = std::ranges::all_of(
            *text, [](unsigned char letter) { return letter >= ' ' && letter != 127; });
        return plain && text->size() <= shown_max ? fmt::format("\"{}\"", *text) : "other text";
    }
    if (const auto* number = std::get_if<std::int64_t>(&value.value)) {
        return fmt::format("{}", *number);
    }
    if (const auto* number = std::get_if<double>(&value.value)) return fmt::format("{}", *number);
    return kind_of(value);
}

class Reader {
public:
    explicit Reader(std::string file) : file_(std::move(file)) {}

    // nullptr: it is not there. What is no table is an error.
    const TomlTable* table(const TomlTable& in, const std::string& name, const std::string& path) {
        const auto there = in.find(name);
        if (there == in.end()) return nullptr;
        const auto* table = std::get_if<TomlTable>(&there->second.value);
        if (table == nullptr) wrong(there->second, path, "a table");
        return table;
    }

    // `others` are keys that somebody else takes.
    void take(const TomlTable& table, const std::string& path, const Fields& fields,
              const std::vector<std::string>& others = {}) {
        std::vector<std::string> taken;
        for (const auto& [key, value] : table) {
            std::string name = key;
            std::ranges::replace(name, '_', '-');
            const std::string full = path.empty() ? name : path + "." + name;
            if (std::ranges::find(others, key) != others.end()) continue;
            const auto field = std::ranges::find(fields, name, &Field::name);
            if (field == fields.end()) {
                unknown(value, path.empty() ? key : path + "." + key, fields, others);
            } else if (std::ranges::find(taken, name) != taken.end()) {
                note(value, fmt::format("{} stands there twice", full));
            } else if (!field->take(value)) {
                wrong(value, full, field->wanted);
            }
            taken.push_back(name);
        }
    }

    void wrong(const TomlValue& value, const std::string& path, const std::string& wanted) {
        note(value, fmt::format("{}: wanted {}, found {}", path, wanted, found(value)));
    }

    void note(const TomlValue& value, const std::string& why) {
        if (!first_ || value.line < first_->line) first_ = Fault{value.line, why};
    }

    std::optional<Error> fault() const {
        if (!first_) return std::nullopt;
        return Error{fmt::format("{}: line {}: {}", file_, first_->line, first_->why)};
    }

private:
    void unknown(const TomlValue& value, const std::string& path, const Fields& fields,
                 const std::vector<std::string>& others) {
        std::string names;
        for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
        for (const std::string& other : others) names += fmt::format(", [{}]", other);
        note(value, fmt::format("there is no key {} (there are {})", path, names));
    }

    struct Fault {
        std::size_t line = 0;
        std::string why;
    };
    std::string file_;
    std::optional<Fault> first_;
};

void take_users(Reader& reader, const TomlTable& users, Rules& rules) {
    for (const auto& [name, value] : users) {
        const std::string path = "users." + name;
        const auto* table = std::get_if<TomlTable>(&value.value);
        if (!is_user_name(name)) {
            reader.note(value, "[users.NAME] takes letters, digits and . _ @ + - as the NAME");
        } else if (table == nullptr) {
            reader.wrong(value, path, "a table");
        } else {
            UserLimits& limits = rules.limits.users[name] = rules.limits.otherwise;
            UserShare& share = rules.shares.users[name] = rules.shares.otherwise;
            reader.take(*table, path, fields_of(limits, share));
        }
    }
}

std::string help_of(const std::string& heading, const Fields& fields) {
    std::string text = heading + "\n";
    for (const Field& field : fields) {
        text += fmt::format("    {:<34}{}\n", field.name + " = " + field.usual, field.meaning);
    }
    return text;
}

}  // namespace

Result<Config> config_from(std::string_view text, const std::string& file, bool may_name_data) {
    Result<TomlTable> parsed = parse_toml(text);
    if (!parsed) return Error{fmt::format("{}: {}", file, parsed.error())};
    Config config;
    Reader reader(file);
    reader.take(*parsed, "", fields_of(config.start, may_name_data),
                {"limits", "users", "keep", "lease"});
    if (const TomlTable* limits = reader.table(*parsed, "limits", "limits")) {
        reader.take(*limits, "limits",
                    fields_of(config.rules.limits.otherwise, config.rules.shares.otherwise));
    }
    if (const TomlTable* users = reader.table(*parsed, "users", "users")) {
        take_users(reader, *users, config.rules);
    }
    if (const TomlTable* keep = reader.table(*parsed, "keep", "keep")) {
        reader.take(*keep, "keep", fields_of_keep(config.rules));
    }
    if (const TomlTable* lease = reader.table(*parsed, "lease", "lease")) {
        reader.take(*lease, "lease", fields_of_lease(config.start));
    }
    if (config.start.keys.value_or(false) && config.start.insecure.value_or(false)) {
        reader.note(parsed->at("insecure"), "insecure and keys: only one of them can be");
    }
    if (const auto fault = reader.fault()) return *fault;
    return config;
}

std::string config_help() {
    Config config;
    return help_of("  [limits]   of each user; [users.NAME]: of that one",
                   fields_of(config.rules.limits.otherwise, config.rules.shares.otherwise)) +
           help_of("  [keep]", fields_of_keep(config.rules)) +
           help_of("  [lease]", fields_of_lease(config.start));
}

}  // namespace xgrid::broker
