// The few calls that worker processes need on a descriptor.
#pragma once

#include <array>
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
    thread_local std::array<char, std::size_t{64} * 1024>
        piece;  // never cleared: most reads are short
    const ssize_t count = ::read(from.get(), piece.data(), piece.size());
    if (count > 0) {
        to.append(piece.data(), static_cast<std::size_t>(count));
        return ReadEnd::more;
    }
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
