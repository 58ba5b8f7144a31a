#include "broker/pages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include "broker/page_json.hpp"
#include "broker/query.hpp"
#include "shared/answer_json.hpp"
#include "shared/history_json.hpp"

namespace xgrid::broker {
namespace {

constexpr const char* json_type = "application/json";
constexpr const char* plain_type = "text/plain; charset=utf-8";

// An answer is good for so long; so many are kept.
constexpr Duration kept_for = std::chrono::seconds(1);
constexpr std::size_t kept_max = 64;
constexpr auto patience = std::chrono::seconds(2);

// A stream looks for news so often, and says that it lives.
constexpr Duration look_interval = std::chrono::milliseconds(250);
constexpr int looks_per_sign = 40;

constexpr std::array answered = {
    std::string_view("/api/runs"),     std::string_view("/api/workers"),
    std::string_view("/api/overview"), std::string_view("/api/why"),
    std::string_view("/api/history"),  std::string_view("/api/flakes")};

Page busy() { return {503, plain_type, "the broker's loop is busy\n"}; }
Page json_page(std::string text) { return {200, json_type, std::move(text)}; }

}  // namespace

std::optional<Answer> Pages::ask(Question question, const std::string& about,
                                 const std::string& project) {
    return desk_.ask(Ask{.question = question, .about = about, .project = project});
}

std::optional<Page> Pages::page(const std::string& path, const std::string& target, Instant now) {
    if (path == "/api/events") return events(target);
    if (std::ranges::find(answered, path) == answered.end()) return std::nullopt;
    // Who asks the same meanwhile waits for the answer, too.
    const std::unique_lock lock(mutex_, patience);
    if (!lock) return busy();
    const auto found = kept_.find(target);
    if (found != kept_.end() && now < found->second.until) return found->second.page;
    Page page = fresh(path, target);
    std::erase_if(kept_, [&](const auto& one) { return one.second.until <= now; });
    if (page.status == 200 && kept_.size() < kept_max) kept_[target] = {now + kept_for, page};
    return page;
}

Page Pages::fresh(const std::string& path, const std::string& target) {
    if (path == "/api/why") {
        const std::string run = parameter_of(target, "run").value_or("");
        const std::optional<Answer> answer = ask(Question::why, run);
        if (!answer) return busy();
        if (answer->runs.empty()) return {404, plain_type, answer->trouble + "\n"};
        return json_page(json_of(answer->runs.front(), answer->lines));
    }
    if (path == "/api/history" || path == "/api/flakes") {
        const Question question = path == "/api/flakes" ? Question::flakes : Question::history;
        const std::optional<Answer> answer =
            ask(question, parameter_of(target, "test").value_or(""),
                parameter_of(target, "project").value_or(""));
        if (!answer) return busy();
        return json_page(history_json(answer->tests));
    }
    const bool all = path == "/api/overview";
    Overview overview;
    if (all || path == "/api/runs") {
        std::optional<Answer> answer = ask(Question::runs);
        if (!answer) return busy();
        overview.runs = std::move(answer->runs);
        if (!all) return json_page(json_of(overview.runs));
    }
    std::optional<Answer> answer = ask(Question::workers);
    if (!answer) return busy();
    overview.workers = std::move(answer->workers);
    if (!all) return json_page(json_of(overview.workers));
    answer = ask(Question::wanted);
    if (!answer) return busy();
    overview.wanted = std::move(answer->wanted);
    return json_page(json_of(overview));
}

Page Pages::events(const std::string& target) {
    const std::string run = parameter_of(target, "run").value_or("");
    const std::string text = parameter_of(target, "from").value_or("0");
    std::uint64_t from = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), from);
    if (wrong != std::errc() || end != text.data() + text.size()) {
        return {400, plain_type, "from takes the number of an event\n"};
    }
    std::optional<EventsGiven> given = desk_.ask(EventsAsked{run, from});
    if (!given) return busy();
    if (given->run.empty()) return {404, plain_type, "there is no such run\n"};
    return json_page(run_part(*std::move(given), from).json + "\n");
}

Page Pages::cancel(const std::string& target) {
    const auto answer = desk_.ask(Cancel{parameter_of(target, "run").value_or("")});
    if (!answer) return busy();
    if (!answer->trouble.empty()) return {404, plain_type, answer->trouble + "\n"};
    return {200, plain_type, "cancelled\n"};
}

RunStream Pages::stream(const std::string& target, std::uint64_t from) const {
    return {desk_, parameter_of(target, "run").value_or(""), from};
}

std::optional<std::string> RunStream::next(const Wait& wait) {
    for (int looks = 0; !ended_; ++looks) {
        if (looks == looks_per_sign) return ": here\n\n";
        std::optional<EventsGiven> given = desk_.ask(EventsAsked{run_, from_});
        if (given && given->run.empty()) {
            ended_ = true;
            return "event: unknown\ndata: {}\n\n";
        }
        if (given) {
            const RunPart part = run_part(*std::move(given), from_);
            from_ = part.next;
            ended_ = part.last;
            if (part.events > 0 || part.last) return sent_event(part.next, part.json);
        }
        if (!wait(look_interval)) return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace xgrid::broker
