#include "broker/metrics.hpp"

#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shared/outcome_words.hpp"

namespace xgrid::broker {
namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

// One metric after the other, each with all of its samples.
class Text {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(out(), "# HELP xgrid_{} {}\n# TYPE xgrid_{} {}\n", name, help, name, type);
    }
    template <class Number>
    void sample(const Labels& labels, Number value, std::string_view suffix = "") {
        fmt::format_to(out(), "xgrid_{}{}", name_, suffix);
        char before = '{';
        for (const auto& [name, text] : labels) {
            fmt::format_to(out(), "{}{}=\"{}\"", std::exchange(before, ','), name,
                           label_value(text));
        }
        fmt::format_to(out(), "{} {}\n", labels.empty() ? "" : "}", value);
    }
    void single(std::string_view name, std::string_view type, std::string_view help,
                std::uint64_t value) {
        family(name, type, help);
        sample({}, value);
    }
    // Each of its buckets has what is in those before, too.
    void histogram(std::string_view name, std::string_view help, const Histogram& of) {
        family(name, "histogram", help);
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < of.counts().size(); ++i) {
            total += of.counts()[i];
            const bool last = i == Histogram::bounds.size();
            sample({{"le", last ? "+Inf" : fmt::format("{}", Histogram::bounds[i])}}, total,
                   "_bucket");
        }
        sample({}, of.sum(), "_sum");
        sample({}, total, "_count");
    }

    std::string take() { return std::move(text_); }

private:
    std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }

    std::string text_;
    std::string name_;
};

std::string in_one(const std::map<std::string, std::string>& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += (text.empty() ? "" : " ") + name + "=" + value;
    }
    return text;
}

void add_slots(const Snapshot& snapshot, Text& text) {
    struct Sum {
        std::uint64_t slots = 0;
        std::uint64_t used = 0;
    };
    Sum all;
    std::map<std::pair<std::string, std::string>, Sum> by_label;
    std::map<std::string, std::uint64_t> workers = {
        {"draining", 0}, {"serving", 0}, {"trouble", 0}};
    for (const WorkerSummary& worker : snapshot.workers) {
        ++workers[worker.drains ? "draining" : worker.trouble.empty() ? "serving" : "trouble"];
        all.slots += worker.slots;
        all.used += worker.used;
        for (const auto& label : worker.labels) {
            Sum& sum = by_label[label];
            sum.slots += worker.slots;
            sum.used += worker.used;
        }
    }
    text.family("workers", "gauge", "Workers that are there, by whether they take anything new.");
    for (const auto& [state, count] : workers) text.sample({{"state", state}}, count);
    text.single("slots", "gauge", "Slots of all workers.", all.slots);
    text.single("slots_used", "gauge", "Those of them that a run has.", all.used);
    text.family("label_slots", "gauge", "Slots of workers with that label.");
    for (const auto& [label, sum] : by_label) {
        text.sample({{"label", label.first}, {"value", label.second}}, sum.slots);
    }
    text.family("label_slots_used", "gauge", "Those of them that a run has.");
    for (const auto& [label, sum] : by_label) {
        text.sample({{"label", label.first}, {"value", label.second}}, sum.used);
    }
    text.family("slots_wanted", "gauge",
                "Slots with these labels that runs could use, beside those that they have.");
    for (const WantedSlots& wanted : snapshot.wanted) {
        text.sample({{"labels", in_one(wanted.labels)}}, wanted.slots);
    }
}

void add_work(const Snapshot& snapshot, Text& text) {
    const Counts& counts = snapshot.counts;
    const Measures& measures = snapshot.measures;
    text.family("runs", "gauge", "Runs that are not over.");
    text.sample({{"state", "running"}}, counts.runs_running);
    text.sample({{"state", "waiting"}}, counts.runs_waiting);
    text.family("jobs", "gauge", "Jobs of these runs: with a slot, and for the next one.");
    text.sample({{"state", "held"}}, counts.jobs_held);
    text.sample({{"state", "waiting"}}, counts.jobs_waiting);
    text.single("runs_begun_total", "counter", "Runs that were submitted.", measures.runs_begun);
    text.family("runs_over_total", "counter", "Runs that have ended, by how.");
    for (std::size_t i = 0; i <= static_cast<std::size_t>(RunEnd::grid_failed); ++i) {
        const auto found = measures.runs_over.find(static_cast<RunEnd>(i));
        text.sample({{"end", end_word(static_cast<RunEnd>(i))}},
                    found == measures.runs_over.end() ? 0 : found->second);
    }
    text.family("tests_total", "counter", "Verdicts on tests.");
    for (std::size_t i = 0; i <= static_cast<std::size_t>(Outcome::xpassed); ++i) {
        const auto found = measures.verdicts.find(static_cast<Outcome>(i));
        text.sample({{"outcome", outcome_word(static_cast<Outcome>(i))}},
                    found == measures.verdicts.end() ? 0 : found->second);
    }
}

}  // namespace

std::string label_value(std::string_view text) {
    std::string value;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '\\' || letter == '"') value += '\\';
        if (letter == '\n') {
            value += "\\n";
        } else {
            value += byte < ' ' || byte > '~' ? '?' : letter;
        }
    }
    return value;
}

std::string metrics_text(const Snapshot& snapshot) {
    Text text;
    text.family("build_info", "gauge", "The broker's version.");
    text.sample({{"version", snapshot.version}}, 1);
    add_slots(snapshot, text);
    add_work(snapshot, text);
    text.family("sync_bytes_total", "counter", "Bytes of code that travelled, as they did.");
    text.sample({{"way", "from_clients"}}, snapshot.loop.bytes_from_clients);
    text.sample({{"way", "to_workers"}}, snapshot.loop.bytes_to_workers);
    text.histogram("run_first_slot_seconds", "From a run's submission to its first slot.",
                   snapshot.measures.first_slot);
    text.histogram("job_began_seconds",
                   "From a slot that had nothing to do to the first sign of its next job.",
                   snapshot.measures.job_began);
    text.histogram("loop_turn_seconds", "What a turn of the broker's loop takes.",
                   snapshot.loop.turn);
    text.histogram("journal_commit_seconds", "What keeping a turn's entries takes.",
                   snapshot.loop.commit);
    return text.take();
}

}  // namespace xgrid::broker
