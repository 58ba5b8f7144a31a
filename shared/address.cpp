#include "shared/address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace xgrid {
namespace {

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char letter) { return letter >= '0' && letter <= '9'; });
}

bool is_host(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char letter) {
        return letter > ' ' && letter < 127 && letter != '/' && letter != '[' && letter != ']';
    });
}

std::optional<std::uint16_t> port_from(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, port);
    if (!is_number(text) || error != std::errc() || stopped != end) return std::nullopt;
    return port;
}

}  // namespace

std::string text_of(const Address& address) {
    const bool six = address.host.find(':') != std::string::npos;
    return six ? fmt::format("[{}]:{}", address.host, address.port)
               : fmt::format("{}:{}", address.host, address.port);
}

Result<Address> address_from(std::string_view text, const Address& otherwise) {
    const Error wrong{fmt::format(
        "'{}' is no [HOST:]PORT (an IPv6 address stands in brackets, a port is at most 65535)",
        text)};
    Address address = otherwise;
    if (text.empty()) return address;
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return wrong;
        address.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        if (!port.empty() && !port.starts_with(':')) return wrong;
        if (!is_host(address.host)) return wrong;
    } else if (is_number(text)) {
        port = text;
    } else {
        const std::size_t colon = std::min(text.find(':'), text.size());
        if (colon > 0) address.host = text.substr(0, colon);
        if (!is_host(address.host)) return wrong;
        port = text.substr(colon);
        if (port.empty()) return address;
    }
    if (port.empty()) return address;
    if (port.starts_with(':')) port.remove_prefix(1);
    const std::optional<std::uint16_t> number = port_from(port);
    if (!number) return wrong;
    address.port = *number;
    return address;
}

bool is_loopback(std::string_view host) { return host == "::1" || host.starts_with("127."); }

}  // namespace xgrid
