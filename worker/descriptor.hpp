// A file descriptor with one owner, and the few calls that worker processes need on one.
#pragma once

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace xgrid::worker {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        close();
        number_ = std::exchange(other.number_, -1);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    void close() {
        if (number_ >= 0) ::close(number_);
        number_ = -1;
    }

private:
    int number_ = -1;
};

enum class ReadEnd { more, nothing_now, end };

/// Appends what can be read without waiting, at most one piece.
inline ReadEnd read_some(const Descriptor& from, std::string& to) {
    constexpr std::size_t piece_bytes = 64 * 1024;
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
