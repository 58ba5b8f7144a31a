// Text for a terminal: colours, and lines that are filled up, in pytest's way.
#pragma once

#include <string>
#include <string_view>

namespace xgrid::client {

enum class Hue { none, green, red, yellow, cyan };

class Markup {
public:
    Markup(bool colour, std::size_t columns) : colour_(colour), columns_(columns) {}

    std::size_t columns() const { return columns_; }

    std::string paint(std::string_view text, Hue hue, bool bold = false) const;
    /// `==== title ====`, as wide as the terminal; without the line's end.
    std::string line(char fill, std::string_view title, Hue hue = Hue::none,
                     bool bold = false) const;

private:
    bool colour_;
    std::size_t columns_;
};

/// How many columns the text takes: code points, which is right for most scripts.
std::size_t width(std::string_view text);

/// Control characters as escapes, so that no test's name can steer the terminal.
std::string printable(std::string_view text);

/// Without the sequences that set colours and the like (SGR): for where there are none.
std::string without_colours(std::string_view text);

/// The text if it fits into so many columns, else its beginning and a mark.
std::string shortened(std::string_view text, std::size_t columns, std::string_view mark = "...");

/// Likewise, but with its end too: for names, which often differ there.
std::string squeezed(std::string_view text, std::size_t columns);

}  // namespace xgrid::client
