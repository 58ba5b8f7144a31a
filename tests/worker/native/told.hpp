// What a reader has told of a batch, as lines: for the tests of frameworks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "worker/frameworks/native/framework.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {

class Told final : public Listener {
public:
    void began(std::size_t test) override {
        flush();
        largest = std::max(largest, test);
        lines.push_back(fmt::format("began {}", test));
    }
    void ended(std::size_t test, TestResult result) override {
        flush();
        largest = std::max(largest, test);
        lines.push_back(
            fmt::format("ended {} {}", test, phase_for(result.outcome, "call").category));
        results.push_back(std::move(result));
    }
    void recorded(std::size_t test, Properties properties) override {
        flush();
        largest = std::max(largest, test);
        for (const auto& [name, value] : properties) {
            lines.push_back(fmt::format("recorded {} {}={}", test, name, value));
        }
    }
    void printed(Stream stream, std::string_view text) override {
        (stream == Stream::out ? out_ : err_) += text;
    }
    /// What was printed until now becomes lines.
    void flush() {
        if (!out_.empty()) lines.push_back("out " + std::exchange(out_, {}));
        if (!err_.empty()) lines.push_back("err " + std::exchange(err_, {}));
    }

    std::vector<std::string> lines;
    std::vector<TestResult> results;
    std::size_t largest = 0;

private:
    std::string out_;
    std::string err_;
};

}  // namespace xgrid::worker::native
