#include "client/knock.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shared/descriptor.hpp"

namespace xgrid::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto connect_limit = std::chrono::seconds(8);
constexpr auto greeting_limit = std::chrono::seconds(4);
// Through a way all sockets connect at once, and what is behind it may have to connect yet.
constexpr auto way_limit = connect_limit + greeting_limit;

// What ZMTP 3 peers say first (RFC 23): 10 bytes of signature, the version, and in 20 bytes the
// name of the mechanism.
constexpr std::string_view our_greeting("\xFF\0\0\0\0\0\0\0\0\x7F\x03", 11);
constexpr std::size_t greeting_bytes = 64;
constexpr std::size_t mechanism_at = 12;
constexpr std::size_t mechanism_bytes = 20;

// False: the time is over, or nobody wants to know any more.
bool wait_for(int socket, short events, Clock::time_point until, int end) {
    while (true) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        if (left <= 0) return false;
        std::array<pollfd, 2> both = {{{socket, events, 0}, {end, POLLIN, 0}}};
        if (poll(both.data(), both.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
            return false;
        }
        if (both[1].revents != 0) return false;
        if (both[0].revents != 0) return true;
    }
}

// Not empty: why not.
std::string connect_to(const Descriptor& socket, const sockaddr* to, socklen_t bytes, int end) {
    if (!socket) return strerror(errno);
    if (connect(socket.get(), to, bytes) == 0) return {};
    if (errno != EINPROGRESS) return strerror(errno);
    if (!wait_for(socket.get(), POLLOUT, Clock::now() + connect_limit, end)) {
        return strerror(ETIMEDOUT);
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? "" : strerror(error);
}

// As much of it as comes.
std::string greeting_of(const Descriptor& socket, Clock::duration limit, int end) {
    send(socket.get(), our_greeting.data(), our_greeting.size(), MSG_NOSIGNAL);
    const auto until = Clock::now() + limit;
    std::string greeting;
    while (greeting.size() < greeting_bytes && wait_for(socket.get(), POLLIN, until, end)) {
        std::array<char, greeting_bytes> bytes{};
        const ssize_t count = recv(socket.get(), bytes.data(), greeting_bytes - greeting.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count <= 0) break;
        greeting.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return greeting;
}

std::string host_in_numbers(const addrinfo& address) {
    std::array<char, NI_MAXHOST> text{};
    getnameinfo(address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0,
                NI_NUMERICHOST);
    return text.data();
}

// Whether they want keys.
Result<bool> keys_of(const std::string& greeting) {
    const std::string_view mechanism =
        greeting.size() < greeting_bytes
            ? std::string_view()
            : std::string_view(greeting).substr(mechanism_at, mechanism_bytes);
    const bool keys = mechanism.starts_with(std::string_view("CURVE\0", 6));
    if (!keys && !mechanism.starts_with(std::string_view("NULL\0", 5))) {
        return Error{greeting.empty() ? "what listens there says nothing, as no xgrid worker does"
                                      : "what listens there is no xgrid worker"};
    }
    return keys;
}

}  // namespace

Result<Knocked> knock(const Address& address, int end) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(address.port);
    const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
    if (error != 0) return Error{fmt::format("cannot find the host: {}", gai_strerror(error))};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
    std::string why;
    for (const addrinfo* to = found; to != nullptr; to = to->ai_next) {
        const Descriptor socket(
            ::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const std::string trouble = connect_to(socket, to->ai_addr, to->ai_addrlen, end);
        if (!trouble.empty()) {
            if (why.empty()) why = trouble;
            continue;
        }
        Result<bool> keys = keys_of(greeting_of(socket, greeting_limit, end));
        if (!keys) return Error{keys.error()};
        const std::string host = host_in_numbers(*to);
        return Knocked{"tcp://" + text_of(Address{host, address.port}), is_loopback(host), *keys};
    }
    return Error{fmt::format("cannot connect: {}", why)};
}

Result<Knocked> knock(const std::filesystem::path& way, int end) {
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un to{.sun_family = AF_UNIX};
    way.native().copy(to.sun_path, sizeof to.sun_path - 1);
    const std::string trouble =
        connect_to(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to, end);
    if (!trouble.empty()) return Error{fmt::format("cannot connect: {}", trouble)};
    Result<bool> keys = keys_of(greeting_of(socket, way_limit, end));
    if (!keys) return Error{keys.error()};
    return Knocked{"ipc://" + way.native(), false, *keys};
}

}  // namespace xgrid::client
