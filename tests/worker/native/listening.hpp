// Keeps what a reader tells.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

struct Listening : Listener {
    std::vector<std::size_t> begun;
    std::map<std::size_t, TestResult> results;
    std::string printed_text;

    void began(std::size_t test) override { begun.push_back(test); }
    void ended(std::size_t test, TestResult result) override { results[test] = std::move(result); }
    void printed(Stream, std::string_view text) override { printed_text += text; }
};

}  // namespace xgrid::worker::native
