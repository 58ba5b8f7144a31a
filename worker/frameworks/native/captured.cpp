#include "worker/frameworks/native/captured.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::worker::native {

void Captured::add(std::string_view text) {
    bytes_ += text.size();
    const std::size_t room = most_each - head_.size();
    head_ += text.substr(0, std::min(room, text.size()));
    text.remove_prefix(std::min(room, text.size()));
    tail_ += text;
    // Seldom, so that it costs little.
    if (tail_.size() > 2 * most_each) tail_.erase(0, tail_.size() - most_each);
}

std::string Captured::text() const {
    const std::string_view all = tail_;
    const std::string_view tail = all.substr(all.size() - std::min(all.size(), most_each));
    const std::size_t cut = bytes_ - head_.size() - tail.size();
    if (cut == 0) return head_ + std::string(tail);
    return fmt::format("{}\n[... {} bytes were cut here ...]\n{}", head_, cut, tail);
}

}  // namespace xgrid::worker::native
