// What the terminal shows of more than one environment.
#include <algorithm>

#include <doctest/doctest.h>

#include "client/terminal.hpp"
#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Instant start = Instant() + std::chrono::hours(1);

TerminalSettings settings_for(const RunSpec& spec) {
    TerminalSettings settings;
    settings.headline = "xgrid";
    settings.environments = EnvironmentNames(spec);
    return settings;
}

class Screen {
public:
    explicit Screen(const RunSpec& spec, TerminalSettings settings)
        : terminal_(std::move(settings)), tally_(spec) {
        terminal_.begin(start);
    }
    explicit Screen(const RunSpec& spec) : Screen(spec, settings_for(spec)) {}

    std::string add(const Event& event) {
        tally_.add(event);
        return terminal_.add(start, event, tally_);
    }
    std::string tick(Duration after) { return terminal_.tick(start + after, tally_); }
    std::string end() { return terminal_.end(start + std::chrono::seconds(1), tally_, 0); }

private:
    Terminal terminal_;
    Tally tally_;
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

WorkerUp up_with_plugins(std::uint32_t environment) {
    WorkerUp event = up_in(environment, {});
    event.facts.root = "/p";
    event.facts.plugins = {"cov-4.0"};
    return event;
}

}  // namespace

TEST_CASE("each of several environments has a line in the header, as its first slot begins") {
    Screen screen(each_of({"popen", "ssh=b"}));
    const std::string first = screen.add(up_with_plugins(0));
    CHECK(contains(first,
                   "rootdir: /p\n"
                   "[popen] linux -- Python 3.11.2, pytest-7.2.1, plugins: cov-4.0\n"));
    CHECK_FALSE(contains(first, "\n\n"));
    CHECK_FALSE(contains(first, "platform "));
    CHECK_FALSE(contains(first, "\nplugins: "));
    screen.add(went(0, "test_a.py::x", Outcome::passed));
    CHECK(screen.add(up_with_plugins(1)) ==
          "\n[ssh=b] linux -- Python 3.11.2, pytest-7.2.1, plugins: cov-4.0\n");
    CHECK(screen.add(up_with_plugins(1)).empty());
}

TEST_CASE("one environment has the header of a plain run") {
    Screen screen(each_of({"popen//python=python3.9"}));
    const std::string text = screen.add(up_with_plugins(0));
    CHECK(contains(text,
                   "platform linux -- Python 3.11.2, pytest-7.2.1\n"
                   "rootdir: /p\nplugins: cov-4.0\n\n"));
    CHECK_FALSE(contains(text, "popen"));
}

TEST_CASE("headings of failures say where, if every test is run in each environment") {
    Screen each(each_of({"popen", "ssh=b"}));
    each.add(went(1, "test_a.py::test_x", Outcome::failed));
    CHECK(contains(each.end(), "_ test_x on ssh=b _"));
    RunSpec load = each_of({"popen", "ssh=b"});
    load.each = false;
    Screen other(load);
    other.add(went(1, "test_a.py::test_x", Outcome::failed));
    CHECK(contains(other.end(), "_ test_x _"));
}

TEST_CASE("why an environment cannot be had is said at once, and only of several") {
    const EnvironmentEnded lost{1, RunEnd::grid_failed, 3, "no such host\n(check its name)"};
    Screen screen(each_of({"popen", "ssh=b"}));
    CHECK(contains(screen.add(lost), "\nxgrid: [ssh=b] no such host\n(check its name)\n"));
    CHECK(screen.add(EnvironmentEnded{0}).empty());
    Screen one(each_of({"popen"}));
    CHECK(one.add(EnvironmentEnded{0, RunEnd::grid_failed, 3, "why"}).empty());
}

TEST_CASE("shares are of all environments, and never more than all") {
    TerminalSettings settings = settings_for(each_of({"a", "b"}));
    settings.display.verbosity = 1;
    Screen screen(each_of({"a", "b"}), settings);
    for (const std::uint32_t where : {0U, 1U}) {
        screen.add(UnitsKnown{.units = 1, .all = true, .environment = where});
        screen.add(loaded_in(where, {"x", "y"}));
    }
    CHECK(contains(screen.add(went(0, "x", Outcome::passed)), "[gw0] [ 25%] PASSED x\n"));
    CHECK(contains(screen.add(went(1, "x", Outcome::passed)), "[gw1] [ 50%] PASSED x\n"));
    CHECK(contains(screen.add(went(1, "y", Outcome::passed)), "[ 75%]"));
    CHECK(contains(screen.add(went(0, "y", Outcome::passed)), "[100%]"));
    CHECK(contains(screen.add(went(0, "z", Outcome::passed)), "[100%]"));
}

TEST_CASE("on a terminal each environment has a line, and all of them make room") {
    TerminalSettings settings = settings_for(each_of({"a", "bbb"}));
    settings.live = true;
    Screen screen(each_of({"a", "bbb"}), settings);
    screen.add(up_in(0, {}));
    screen.add(loaded_in(0, {"x"}));
    CHECK(screen.tick(std::chrono::seconds(1)) == "\x1b[?7la    0/~1, 0/s\nbbb  not begun\x1b[?7h");
    const std::string drawn = screen.tick(std::chrono::seconds(2));
    CHECK(drawn.starts_with("\r\x1b[K\x1b[A\r\x1b[K\x1b[?7la"));
    CHECK(screen.add(went(0, "x", Outcome::passed)).starts_with("\r\x1b[K\x1b[A\r\x1b[K."));
    // Below letters, the cursor goes back to where they end.
    CHECK(screen.tick(std::chrono::seconds(3)).starts_with("\n\x1b[?7la"));
    CHECK(screen.add(went(0, "y", Outcome::passed))
              .starts_with("\r\x1b[K\x1b[A\r\x1b[K\x1b[A\x1b[1C."));
}

TEST_CASE("more environments than fit on the screen are counted") {
    std::vector<std::string> names;
    for (int i = 0; i < 30; ++i) names.push_back("e" + std::to_string(i));
    TerminalSettings settings = settings_for(each_of(names));
    settings.live = true;
    settings.rows = 10;
    Screen screen(each_of(names), settings);
    const std::string text = screen.tick(std::chrono::seconds(1));
    CHECK(std::ranges::count(text, '\n') == 7);
    CHECK(contains(text, "\n... and 23 environments more"));
}

TEST_CASE("the matrix stands before the last line") {
    Screen screen(each_of({"a", "b"}));
    screen.add(went(0, "test_a.py::x", Outcome::failed));
    screen.add(went(1, "test_a.py::x", Outcome::passed));
    const std::string text = screen.end();
    CHECK(text.find("short test summary info") < text.find("= environments ="));
    CHECK(contains(text, "\nFAILED test_a.py::x on a - "));
    CHECK(contains(text, "failed on a, passed on b (1 test):\n  test_a.py::x\n"));
    CHECK(text.find("= environments =") < text.find("1 failed, 1 passed in "));
}
