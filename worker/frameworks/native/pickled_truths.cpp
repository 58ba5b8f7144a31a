#include "worker/frameworks/native/pickled_truths.hpp"

#include <cstddef>
#include <cstdint>

namespace xgrid::worker::native {
namespace {

class Pickle {
public:
    explicit Pickle(std::string_view bytes) : rest_(bytes) {}

    bool done() const { return rest_.empty(); }

    std::optional<std::string_view> take(std::uint64_t count) {
        if (count > rest_.size()) return std::nullopt;
        const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
        rest_.remove_prefix(taken.size());
        return taken;
    }
    /// Of so many bytes, the lowest first.
    std::optional<std::uint64_t> take_number(std::size_t bytes) {
        const auto taken = take(bytes);
        if (!taken) return std::nullopt;
        std::uint64_t number = 0;
        for (std::size_t at = bytes; at > 0; --at) {
            number = number << 8 | static_cast<unsigned char>((*taken)[at - 1]);
        }
        return number;
    }
    /// After a length of so many bytes.
    std::optional<std::string_view> take_text(std::size_t length_bytes) {
        const auto length = take_number(length_bytes);
        return length ? take(*length) : std::nullopt;
    }
    bool skip_line() {
        const std::size_t end = rest_.find('\n');
        if (end == rest_.npos) return false;
        rest_.remove_prefix(end + 1);
        return true;
    }

private:
    std::string_view rest_;
};

/// How many bytes follow an instruction, or its length; -1: it is not known.
int argument_bytes(unsigned char code) {
    switch (code) {
        case 0x80:
        case 'K':
        case 'h':
        case 'q': return 1;
        case 'M': return 2;
        case 'J':
        case 'j':
        case 'r': return 4;
        case 'G':
        case 0x95: return 8;
        case '(':
        case '.':
        case '0':
        case '1':
        case '2':
        case ')':
        case ']':
        case '}':
        case 'a':
        case 'e':
        case 's':
        case 'u':
        case 'b':
        case 'o':
        case 'R':
        case 't':
        case 'N':
        case 'l':
        case 'd':
        case 0x81:
        case 0x85:
        case 0x86:
        case 0x87:
        case 0x88:
        case 0x89:
        case 0x8f:
        case 0x90:
        case 0x91:
        case 0x92:
        case 0x93:
        case 0x94: return 0;
        default: return -1;
    }
}

int length_bytes(unsigned char code) {
    switch (code) {
        case 0x8c:
        case 'C':
        case 0x8a: return 1;
        case 'X':
        case 'B':
        case 0x8b: return 4;
        case 0x8d:
        case 0x8e:
        case 0x96: return 8;
        default: return 0;
    }
}

}  // namespace

std::optional<std::vector<bool>> pickled_truths(std::string_view pickle, std::string_view name) {
    constexpr unsigned char a_class = 'c';  // two lines say which, up to protocol 3
    constexpr unsigned char memoize = 0x94;
    constexpr unsigned char put = 'q';
    constexpr unsigned char long_put = 'r';
    constexpr unsigned char get = 'h';
    constexpr unsigned char long_get = 'j';
    constexpr unsigned char is_true = 0x88;
    constexpr unsigned char is_false = 0x89;

    std::vector<bool> truths;
    std::optional<std::uint64_t> remembered;  // where the name is kept
    std::uint64_t kept = 0;
    bool named = false;  // the name was the last value
    for (Pickle rest(pickle); !rest.done();) {
        const auto code = static_cast<unsigned char>(rest.take(1)->front());
        if (const int bytes = length_bytes(code); bytes > 0) {
            const auto text = rest.take_text(static_cast<std::size_t>(bytes));
            if (!text) return std::nullopt;
            named = *text == name;
            continue;
        }
        if (code == a_class) {
            if (!rest.skip_line() || !rest.skip_line()) return std::nullopt;
            named = false;
            continue;
        }
        const int bytes = argument_bytes(code);
        if (bytes < 0) return std::nullopt;
        const auto argument = rest.take_number(static_cast<std::size_t>(bytes));
        if (!argument) return std::nullopt;
        if (code == memoize || code == put || code == long_put) {
            if (named) remembered = code == memoize ? kept : *argument;
            ++kept;
            continue;
        }
        if (named && (code == is_true || code == is_false)) truths.push_back(code == is_true);
        named = (code == get || code == long_get) && remembered == *argument;
        if (code == '.') return truths;
    }
    return std::nullopt;
}

}  // namespace xgrid::worker::native
