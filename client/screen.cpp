#include "client/screen.hpp"

#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

// Another screen, so that what was there comes back; and no cursor.
constexpr const char* take = "\x1b[?1049h\x1b[?25l";
constexpr const char* give_back = "\x1b[?25h\x1b[?1049l";
// Lines that do not fit are cut by the terminal, whatever width it has by now.
constexpr const char* begin = "\x1b[?7l\x1b[H";
constexpr const char* end_of_line = "\x1b[K";
constexpr const char* end = "\x1b[J\x1b[?7h";

void write_out(const std::string& text) {
    fmt::print("{}", text);
    std::fflush(stdout);
}

}  // namespace

Screen::Screen() { enter(); }

void Screen::enter() {
    if (std::exchange(entered_, true)) return;
    has_keys_ = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before_) == 0;
    if (has_keys_) {
        termios now = before_;
        now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
    }
    write_out(take);
}

void Screen::leave() {
    if (!std::exchange(entered_, false)) return;
    write_out(give_back);
    if (has_keys_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

void Screen::draw(const std::vector<std::string>& lines) {
    std::string text = begin;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        text += (i > 0 ? "\n" : "") + lines[i] + end_of_line;
    }
    write_out(text + end);
}

std::size_t Screen::rows() {
    constexpr std::size_t usual = 24;
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    return known ? size.ws_row : usual;
}

std::optional<char> Screen::key() {
    char typed = 0;
    if (read(STDIN_FILENO, &typed, 1) != 1) return std::nullopt;
    return typed;
}

}  // namespace xgrid::client
