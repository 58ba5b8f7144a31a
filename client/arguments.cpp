#include "client/arguments.hpp"

#include <algorithm>
#include <array>

namespace xgrid::client {
namespace {

// Sorted. An option that is missing here can still be given as --name=value.
constexpr std::array takes_value = {
    "--assert",
    "--basetemp",
    "--capture",
    "--code-highlight",
    "--color",
    "--confcutdir",
    "--cov",
    "--cov-config",
    "--cov-context",
    "--cov-fail-under",
    "--cov-report",
    "--deselect",
    "--doctest-glob",
    "--doctest-report",
    "--durations",
    "--durations-min",
    "--ignore",
    "--ignore-glob",
    "--import-mode",
    "--junit-prefix",
    "--junit-xml",
    "--junitprefix",
    "--junitxml",
    "--lfnf",
    "--log-cli-date-format",
    "--log-cli-format",
    "--log-cli-level",
    "--log-date-format",
    "--log-file",
    "--log-file-date-format",
    "--log-file-format",
    "--log-file-level",
    "--log-format",
    "--log-level",
    "--maxfail",
    "--override-ini",
    "--pastebin",
    "--pdbcls",
    "--pythonwarnings",
    "--reruns",
    "--reruns-delay",
    "--rootdir",
    "--show-capture",
    "--tb",
    "-W",
    "-c",
    "-k",
    "-m",
    "-o",
    "-p",
    "-r",
};
static_assert(std::ranges::is_sorted(takes_value, {},
                                     [](const char* name) { return std::string_view(name); }));

class Splitter {
public:
    Splitter(const std::vector<std::string>& arguments,
             const std::function<OptionKind(const std::string&)>& kind)
        : arguments_(arguments), kind_(kind) {}

    Arguments split() {
        while (next_ < arguments_.size()) {
            const std::string& argument = arguments_[next_++];
            if (argument == "--") {
                result_.pytest.insert(result_.pytest.end(), arguments_.begin() + here() - 1,
                                      arguments_.end());
                break;
            }
            if (argument.starts_with("--")) {
                take_long(argument);
            } else if (argument.size() > 1 && argument[0] == '-') {
                take_short(argument);
            } else {
                result_.pytest.push_back(argument);
            }
        }
        return std::move(result_);
    }

private:
    std::ptrdiff_t here() const { return static_cast<std::ptrdiff_t>(next_); }

    void take_long(const std::string& argument) {
        const std::size_t equals = argument.find('=');
        const std::string name = argument.substr(0, equals);
        const OptionKind kind = kind_(name);
        const bool apart = equals == std::string::npos && kind.takes_value;
        const bool there = apart && next_ < arguments_.size();
        if (kind.owner != Owner::pytest) {
            result_.ours.push_back(there ? name + "=" + arguments_[next_] : argument);
        }
        if (kind.owner != Owner::ours) {
            result_.pytest.push_back(argument);
            if (there) result_.pytest.push_back(arguments_[next_]);
        }
        if (there) ++next_;
    }

    // Letters joined after one dash: each an option, until one takes the rest as its value.
    void take_short(const std::string& argument) {
        for (std::size_t place = 1; place < argument.size(); ++place) {
            const std::string name = {'-', argument[place]};
            const OptionKind kind = kind_(name);
            if (kind.whole && place == 1) return add(kind.owner, argument);
            if (!kind.takes_value) {
                add(kind.owner, name);
                continue;
            }
            const std::string rest = argument.substr(place + 1);
            if (!rest.empty()) {
                add(kind.owner, name + rest);
            } else if (next_ < arguments_.size()) {
                const std::string value = arguments_[next_++];
                if (kind.owner != Owner::pytest) result_.ours.push_back(name + value);
                if (kind.owner != Owner::ours) {
                    result_.pytest.push_back(name);
                    result_.pytest.push_back(value);
                }
            } else {
                add(kind.owner, name);
            }
            return;
        }
    }

    void add(Owner owner, const std::string& argument) {
        if (owner != Owner::pytest) result_.ours.push_back(argument);
        if (owner != Owner::ours) result_.pytest.push_back(argument);
    }

    const std::vector<std::string>& arguments_;
    const std::function<OptionKind(const std::string&)>& kind_;
    std::size_t next_ = 0;
    Arguments result_;
};

}  // namespace

bool pytest_option_takes_value(std::string_view name) {
    return std::ranges::binary_search(takes_value, name, {},
                                      [](const char* text) { return std::string_view(text); });
}

Arguments split_arguments(const std::vector<std::string>& arguments,
                          const std::function<OptionKind(const std::string&)>& kind) {
    return Splitter(arguments, kind).split();
}

}  // namespace xgrid::client
