// Which tests of a job its slot has not begun, as far as it has told. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::worker {

class Unbegun {
public:
    /// A fact of the job, in order.
    void hear(const Fact& fact);
    std::size_t size() const { return tests_.size(); }
    /// A test was begun: all that will be found is found.
    bool complete() const { return complete_; }
    /// Takes out so many of the last ones, at most all; in order.
    std::vector<std::uint32_t> take_last(std::size_t count);

private:
    std::set<std::uint32_t> tests_;
    std::uint32_t found_ = 0;
    bool complete_ = false;
};

}  // namespace xgrid::worker
