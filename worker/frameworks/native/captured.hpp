// What a test printed, bounded: its beginning and its end stay, and what was cut is said.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xgrid::worker::native {

class Captured {
public:
    void add(std::string_view text);
    bool empty() const { return head_.empty(); }
    std::string text() const;

private:
    static constexpr std::size_t most_each = std::size_t{256} * 1024;
    std::string head_;
    std::string tail_;
    std::size_t bytes_ = 0;
};

}  // namespace xgrid::worker::native
