#include "broker/key_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "shared/key_words.hpp"

namespace xgrid::broker {
namespace {

constexpr std::string_view preamble =
    "# Whose keys this broker lets in, and as whom. xgrid keys changes it; a broker that runs "
    "goes\n"
    "# by it at once.\n";
constexpr std::size_t name_bytes_max = 64;

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && text.size() <= name_bytes_max &&
           std::ranges::all_of(text, [&](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                      (letter >= '0' && letter <= '9') ||
                      more.find(letter) != std::string_view::npos;
           });
}

std::optional<int> number_in(std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 0) return {};
    return value;
}

std::optional<std::int64_t> time_from(std::string_view text) {
    constexpr std::string_view pattern = "0000-00-00T00:00:00Z";
    if (text.size() != pattern.size()) return std::nullopt;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '0' && text[i] != pattern[i]) return std::nullopt;
    }
    std::vector<int> parts;
    constexpr std::array<std::pair<std::size_t, std::size_t>, 6> places = {
        {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
    for (const auto& [from, count] : places) {
        const std::optional<int> part = number_in(text.substr(from, count));
        if (!part) return std::nullopt;
        parts.push_back(*part);
    }
    using namespace std::chrono;
    const year_month_day day{year(parts[0]), month(static_cast<unsigned>(parts[1])),
                             std::chrono::day(static_cast<unsigned>(parts[2]))};
    if (!day.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return std::nullopt;
    const auto time = sys_days(day) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]);
    return time.time_since_epoch() / seconds(1);
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

Result<KnownKey> key_of(const std::vector<std::string_view>& words) {
    if (words.size() < 3) return Error{"has no KEY NAME ROLE"};
    const Result<CurveKey> key = public_key_from(words[0]);
    if (!key) return Error{"has a key that " + key.error()};
    if (!is_user_name(words[1])) return Error{fmt::format("has a name that is none: {}", words[1])};
    Result<Roles> roles = roles_from(words[2]);
    if (!roles) return Error{roles.error()};
    KnownKey known{.key = std::string(words[0]), .user = std::string(words[1]), .roles = *roles};
    for (std::size_t i = 3; i < words.size(); ++i) {
        const std::size_t equals = std::min(words[i].find('='), words[i].size());
        const std::string_view name = words[i].substr(0, equals);
        const std::string_view value = words[i].substr(std::min(equals + 1, words[i].size()));
        if (name == "until") {
            known.until = time_from(value);
            if (!known.until) return Error{fmt::format("has no time in {}", words[i])};
        } else if (name == "session" && is_word(value, "-_")) {
            known.session = value;
        } else {
            // To let somebody in of whom less was said than is known here would be worse.
            return Error{fmt::format("has {}, which this version does not know", words[i])};
        }
    }
    return known;
}

}  // namespace

bool is_user_name(std::string_view text) { return is_word(text, "._@+-") && text[0] != '-'; }

Result<KeyList> KeyList::parse(std::string_view text) {
    KeyList list;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto words = words_of(line.substr(0, line.find('#')));
        if (words.empty()) continue;
        Result<KnownKey> key = key_of(words);
        if (!key) return Error{fmt::format("line {} {}", number, key.error())};
        if (!list.keys_.emplace(key->key, *key).second) {
            return Error{fmt::format("line {} has a key that is there already", number)};
        }
    }
    return list;
}

std::string KeyList::text() const {
    std::string text(preamble);
    for (const auto& [word, key] : keys_) {
        text += fmt::format("{} {} {}", word, key.user, text_of(key.roles));
        if (key.until) text += " until=" + text_of_time(*key.until);
        if (!key.session.empty()) text += " session=" + key.session;
        text += '\n';
    }
    return text;
}

const KnownKey* KeyList::find(const std::string& key) const {
    const auto found = keys_.find(key);
    return found == keys_.end() ? nullptr : &found->second;
}

void KeyList::allow(const KnownKey& key) { keys_[key.key] = key; }

std::vector<KnownKey> KeyList::revoke(const std::string& user_or_key) {
    std::vector<KnownKey> gone;
    for (const auto& [word, key] : keys_) {
        if (word == user_or_key || key.user == user_or_key) gone.push_back(key);
    }
    for (const KnownKey& key : gone) keys_.erase(key.key);
    return gone;
}

void KeyList::drop_expired(std::int64_t time) {
    std::erase_if(keys_, [&](const auto& entry) { return entry.second.is_expired(time); });
}

std::string text_of_time(std::int64_t seconds) {
    using namespace std::chrono;
    const sys_seconds time{std::chrono::seconds(seconds)};
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace xgrid::broker
