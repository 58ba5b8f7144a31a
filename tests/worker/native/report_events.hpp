// What a reader tells of a batch, as a list; and what must hold whatever it reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

struct ReportEvents : Listener {
    explicit ReportEvents(std::size_t tests) : count(tests) {}

    void began(std::size_t test) override {
        REQUIRE(test < count);
        events.push_back(fmt::format("{} began", test));
    }
    void ended(std::size_t test, TestResult result) override {
        REQUIRE(test < count);
        static constexpr const char* words[] = {"passed",  "failed",  "error",
                                                "skipped", "xfailed", "xpassed"};
        events.push_back(fmt::format("{} {}", test, words[static_cast<int>(result.outcome)]));
        results.push_back(std::move(result));
    }
    void printed(Stream stream, std::string_view text) override {
        events.push_back(fmt::format("{}: {}", stream == Stream::out ? "out" : "err", text));
    }
    /// Of the last test that has ended.
    const Phase& phase() const {
        REQUIRE(results.back().details);
        return results.back().details->phases.at(0);
    }

    std::size_t count;
    std::vector<std::string> events;
    std::vector<TestResult> results;
};

using NewReader = std::function<std::unique_ptr<Reader>()>;

inline ReportEvents told(const NewReader& new_reader, std::size_t tests, std::string_view report,
                         std::size_t piece = std::string_view::npos) {
    ReportEvents to(tests);
    const std::unique_ptr<Reader> reader = new_reader();
    for (std::size_t at = 0; at < report.size(); at += std::min(piece, report.size() - at)) {
        reader->read(Source::report, report.substr(at, piece), to);
    }
    reader->end(0, to);
    return to;
}

/// Wherever it breaks off, and whatever becomes of its bytes: indices are in range, nothing is
/// thrown, and no test ends twice.
inline void check_totality(const NewReader& new_reader, std::size_t tests,
                           const std::string& report) {
    const auto check = [&](std::string_view text) {
        const ReportEvents all = told(new_reader, tests, text);
        CHECK(all.results.size() <= tests);
    };
    for (std::size_t end = 0; end <= report.size(); ++end) {
        check(std::string_view(report).substr(0, end));
    }
    std::mt19937 random(7);
    const std::string_view odd =
        "<>/&;\"'=![-? \n\0\xff"
        "a9";
    for (int round = 0; round < 3000; ++round) {
        std::string broken = report;
        for (std::size_t change = 0; change <= random() % 8; ++change) {
            const std::size_t at = random() % broken.size();
            switch (random() % 4) {
                case 0: broken[at] = odd[random() % odd.size()]; break;
                case 1: broken.erase(at, random() % 40); break;
                case 2: broken.insert(at, broken.substr(random() % broken.size(), 60)); break;
                default: broken.insert(at, 1, odd[random() % odd.size()]); break;
            }
            if (broken.empty()) broken = "<";
        }
        check(broken);
    }
}

inline Ran printed_list(std::string out) { return {.out = std::move(out)}; }

}  // namespace xgrid::worker::native
