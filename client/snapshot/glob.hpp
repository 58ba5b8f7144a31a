// A pattern of git's ignore files, matched in time that grows with the path alone, not with the
// number of stars. Pure.
//
// As in gitignore(5): '*', '?' and '[...]' stop at '/', "**/" stands for any folders or none,
// and a "**" at the end for whatever is there; a backslash takes the next letter as it is.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xgrid::client {

class Glob {
public:
    explicit Glob(std::string_view pattern);

    bool matches(std::string_view text) const;

private:
    using Letters = std::bitset<256>;
    enum class Kind : std::uint8_t { letter, any, letters, star, everything, folders };
    struct Token {
        Kind kind = Kind::letter;
        char letter = 0;
        std::size_t letters = 0;  // in letters_
    };
    using States = std::vector<char>;  // before which tokens we may be; one more for the end

    std::size_t read_stars(std::string_view pattern, std::size_t at);
    std::size_t read_letters(std::string_view pattern, std::size_t at);
    bool takes(const Token& token, char letter) const;
    void arrive(States& states, std::size_t at) const;

    std::vector<Token> tokens_;
    std::vector<Letters> letters_;
    bool broken_ = false;  // matches nothing
};

}  // namespace xgrid::client
