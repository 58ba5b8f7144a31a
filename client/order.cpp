#include "client/order.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <pwd.h>
#include <string_view>
#include <unistd.h>

#include "client/ssh_command.hpp"

namespace xgrid::client {
namespace {

bool is_plain(char letter) {
    constexpr std::string_view others = "_@%+=:,./-[]";
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || others.find(letter) != std::string_view::npos;
}

std::string typed(const std::string& word) {
    return !word.empty() && std::ranges::all_of(word, is_plain) ? word : shell_word(word);
}

}  // namespace

std::string user_name() {
    for (const char* variable : {"USER", "LOGNAME"}) {
        const char* name = std::getenv(variable);
        if (name != nullptr && *name != '\0') return name;
    }
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? "" : found->pw_name;
}

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

bool is_watched() { return isatty(STDOUT_FILENO) == 1 || std::getenv("CI") == nullptr; }

std::string as_typed(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + typed(word);
    return text;
}

std::string project_name(const std::string& root) {
    const std::string name = std::filesystem::path(root).filename();
    return name.empty() ? root : name;
}

}  // namespace xgrid::client
