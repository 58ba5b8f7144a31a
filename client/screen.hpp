// The terminal, taken as a whole for as long as this is there, and given back as it was.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <termios.h>
#include <vector>

namespace xgrid::client {

class Screen {
public:
    /// Takes it: standard output, which has to be one; and standard input, if it is one.
    Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() { leave(); }

    /// Again, after leave().
    void enter();
    void leave();

    /// In place of all that is there.
    void draw(const std::vector<std::string>& lines);
    /// How many lines there are for that.
    static std::size_t rows();

    /// Whether there are keys to read.
    bool has_keys() const { return has_keys_; }
    /// What was typed; none: nobody will type any more.
    std::optional<char> key();

private:
    bool entered_ = false;
    bool has_keys_ = false;
    termios before_{};
};

}  // namespace xgrid::client
