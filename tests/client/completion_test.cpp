#include "client/completion.hpp"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "client/subcommands.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

using Words = std::vector<std::string>;

Completion completed(const Words& words) { return complete(subcommands(), words); }

Words candidates(const Words& words) {
    Words texts;
    for (const Candidate& one : completed(words).candidates) texts.push_back(one.text);
    return texts;
}

bool offers(const Words& words, const std::string& text) {
    return std::ranges::count(candidates(words), text) == 1;
}

}  // namespace

TEST_CASE("the first word is a subcommand, told with what it does") {
    CHECK(candidates({"s"}) == Words{"submit", "status"});
    CHECK(candidates({""}).size() == subcommands().size());
    CHECK(candidates({"--v"}) == Words{"--version"});
    const Completion runs = completed({"runs"});
    REQUIRE(runs.candidates.size() == 1);
    CHECK(runs.candidates.front() == Candidate{"runs", "lists a broker's runs"});
    for (const CommandText& command : subcommands()) {
        CAPTURE(command.name);
        CHECK(!summary_of(command).empty());
        CHECK(summary_of(command).size() < 100);
    }
}

TEST_CASE("every option of every subcommand is offered there, and no other") {
    for (const CommandText& command : subcommands()) {
        CAPTURE(command.name);
        std::set<std::string> known;
        for (const OptionGroupText& group : command.groups) {
            for (const OptionText& option : group.options) {
                known.insert("--" + option.name);
                if (option.letter != 0) known.insert({'-', option.letter});
            }
        }
        const Words found = candidates({command.name, "-"});
        CHECK(std::set<std::string>(found.begin(), found.end()) == known);
        CHECK(found.size() == known.size());
    }
    CHECK(offers({"submit", "--di"}, "--dist"));
    CHECK(offers({"worker", "--"}, "--drain-timeout"));
    CHECK(offers({"broker", "--"}, "--cache-size"));
    CHECK(offers({"status", "--"}, "--watch"));
}

TEST_CASE("the values of an option that has a few are offered, behind it or joined to it") {
    CHECK(candidates({"submit", "--dist", "loadf"}) == Words{"loadfile"});
    CHECK(candidates({"submit", "--dist=loadf"}) == Words{"--dist=loadfile"});
    CHECK(candidates({"submit", "--color", ""}) == Words{"auto", "yes", "no"});
    CHECK(candidates({"submit", "-n", ""}) == Words{"auto", "logical"});
    CHECK(candidates({"submit", "--framework", "m"}) == Words{"meson"});
    CHECK(candidates({"worker", "--compress", "a"}) == Words{"auto", "always"});
    CHECK(candidates({"keys", "allow", "--role", "read,w"}) == Words{"read,work"});
    CHECK(candidates({"submit", "--detach=", ""}).empty());
    CHECK(candidates({"submit", "--maxfail", ""}).empty());
}

TEST_CASE("files, folders and labels are named for others to find") {
    CHECK(completed({"submit", ""}).others == Others::files);
    CHECK(completed({"submit", "--junitxml", "re"}).others == Others::files);
    CHECK(completed({"submit", "--rsyncdir=s"}).others == Others::folders);
    CHECK(completed({"submit", "--rsyncdir=s"}).before == "--rsyncdir=");
    CHECK(completed({"submit", "--label", ""}).others == Others::labels);
    CHECK(completed({"broker", "--data", ""}).others == Others::folders);
    CHECK(completed({"broker", ""}).others == Others::none);
    CHECK(completed({"keys", "allow", ""}).others == Others::files);
    CHECK(completed({"submit", "--ignore", "-"}).others == Others::files);  // pytest's own option
    CHECK(completed({"submit", "--", "-"}).others == Others::files);
}

TEST_CASE("a run is asked for where there is to be one, once, and an open one to be cancelled") {
    CHECK(completed({"attach", ""}).others == Others::runs);
    CHECK(completed({"why", "--json", "3f"}).others == Others::runs);
    CHECK(completed({"attach", "--broker", "tcp://here:1", "3f"}).others == Others::runs);
    CHECK(completed({"attach", "3f2a", ""}).others == Others::none);
    CHECK(completed({"cancel", ""}).others == Others::open_runs);
    CHECK(completed({"attach", "--broker", ""}).others == Others::none);
}

TEST_CASE("words that a subcommand begins with are offered first") {
    CHECK(candidates({"keys", "re"}) == Words{"revoke"});
    CHECK(candidates({"plugin", ""}) == Words{"install", "uninstall", "path"});
    CHECK(completed({"plugin", "install", ""}).others == Others::folders);
    CHECK(candidates({"completion", "z"}) == Words{"zsh"});
    CHECK(offers({"man", ""}, "submit"));
    CHECK(candidates({"nonsense", ""}).empty());
}

TEST_CASE("options that pytest refuses may have been meant to be submit's") {
    CHECK(perhaps_meant(
              "ERROR: usage\n  x: error: unrecognized arguments: --dits=load --nothing\n") ==
          "\n--dits: did you mean --dist?");
    CHECK(perhaps_meant("ERROR: something else --dits").empty());
}

TEST_CASE("what was said of an option so far is known") {
    CHECK(given_value({"why", "--broker", "tcp://a:1", ""}, "--broker") == "tcp://a:1");
    CHECK(given_value({"why", "--broker=tcp://a:1", ""}, "--broker") == "tcp://a:1");
    CHECK(given_value({"why", "--broker-key=k", ""}, "--broker").empty());
    CHECK(given_value({"why", "--broker", "tcp://a"}, "--broker").empty());  // still being typed
}
