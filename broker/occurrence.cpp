#include "broker/occurrence.hpp"

#include <string_view>

#include <fmt/format.h>

#include "broker/key_list.hpp"

namespace xgrid::broker {
namespace {

constexpr std::size_t about_bytes_max = 400;

std::string in_one_line(std::string_view text) {
    std::string line;
    for (const char letter : text.substr(0, about_bytes_max)) {
        line += static_cast<unsigned char>(letter) < ' ' || letter == 127 ? '?' : letter;
    }
    if (text.size() > about_bytes_max) line += "...";
    return line;
}

}  // namespace

std::string line_of(std::int64_t time, const Occurrence& occurrence) {
    std::string line = text_of_time(time) + " " + occurrence.action;
    if (!occurrence.user.empty()) line += " user=" + occurrence.user;
    if (!occurrence.key.empty()) line += " key=" + occurrence.key;
    if (!occurrence.address.empty()) line += " address=" + in_one_line(occurrence.address);
    if (!occurrence.about.empty()) line += " " + in_one_line(occurrence.about);
    return line;
}

}  // namespace xgrid::broker
