// The few calls that worker processes need on a descriptor.
#pragma once

#include <cerrno>
#include <cstddef>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/descriptor.hpp"

namespace xgrid::worker {

enum class ReadEnd { more, nothing_now, end };

/// Appends what can be read without waiting, at most one piece.
inline ReadEnd read_some(const Descriptor& from, std::string& to) {
    constexpr std::size_t piece_bytes = std::size_t{64} * 1024;
    const std::size_t before = to.size();
    to.resize(before + piece_bytes);
    const ssize_t count = ::read(from.get(), to.data() + before, piece_bytes);
    to.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count > 0) return ReadEnd::more;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? ReadEnd::nothing_now : ReadEnd::end;
}

/// Sends what can be sent without waiting and removes it from the text. False: nobody reads any
/// more.
inline bool send_some(const Descriptor& to, std::string& text) {
    while (!text.empty()) {
        const ssize_t count =
            ::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        text.erase(0, static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace xgrid::worker
