#include "client/united_options.hpp"

#include <doctest/doctest.h>

using namespace xgrid::client;

namespace {

using Words = std::vector<std::string>;

const Origin file{"xgrid.toml", "/project"};

}  // namespace

TEST_CASE("what files set stands before the command line, each setting once") {
    const United united =
        unite({{"numprocesses", "2", file}, {"dist", "load", file}, {"numprocesses", "3", file}},
              {"-n", "--dist=each"}, "/here");
    CHECK(united.arguments == Words{"--dist=load", "--numprocesses=3", "-n", "--dist=each"});
    CHECK(united.presets.size() == 2);
    CHECK(united.presets.at("dist") == "dist in xgrid.toml");
}

TEST_CASE("what can be repeated is gathered, with the folder that its paths are relative to") {
    const United united =
        unite({{"rsyncdir", "a", file}}, {"--rsyncdir=b", "--rsyncdir=c=d"}, "/here");
    CHECK(united.arguments.empty());
    CHECK(united.repeated == std::vector<Setting>{{"rsyncdir", "a", file},
                                                  {"rsyncdir", "b", {"", "/here"}},
                                                  {"rsyncdir", "c=d", {"", "/here"}}});
}

TEST_CASE("a switch that a file turns off is not there") {
    const United united = unite({{"boxed", "false", file}, {"looponfail", "true", file}}, {}, "/");
    CHECK(united.arguments == Words{"--looponfail"});
    CHECK(!united.presets.contains("boxed"));
}

TEST_CASE("of exitfirst and maxfail in files the last counts, and pytest hears of it, too") {
    const Setting five{"maxfail", "5", file};
    const Setting first{"exitfirst", "true", file};
    CHECK(unite({five, first}, {}, "/").arguments == Words{"--maxfail=1"});
    CHECK(unite({first, five}, {}, "/").pytest == Words{"--maxfail=5"});
    CHECK(unite({five, {"exitfirst", "false", file}}, {}, "/").pytest == Words{"--maxfail=5"});
}

TEST_CASE("second names of options become their main names, and keep their values") {
    CHECK(with_main_name("--junit-xml=a=b") == "--junitxml=a=b");
    CHECK(with_main_name("--forked") == "--boxed");
    CHECK(with_main_name("--dist=each") == "--dist=each");
}
