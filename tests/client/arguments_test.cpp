#include "client/arguments.hpp"

#include <map>

#include <doctest/doctest.h>

using namespace xgrid::client;

namespace {

using Words = std::vector<std::string>;

Arguments split(const Words& words) {
    static const std::map<std::string, OptionKind> kinds = {
        {"-n", {Owner::ours, true}},   {"--dist", {Owner::ours, true}},
        {"-x", {Owner::both, false}},  {"--maxfail", {Owner::both, true}},
        {"-k", {Owner::pytest, true}},
    };
    return split_arguments(words, [](const std::string& name) {
        const auto found = kinds.find(name);
        return found == kinds.end() ? OptionKind{} : found->second;
    });
}

}  // namespace

TEST_CASE("what is not ours stays in its place, with its value") {
    const Arguments all = split({"a", "-n", "4", "-k", "-n", "--odd", "b"});
    CHECK(all.ours == Words{"-n4"});
    CHECK(all.pytest == Words{"a", "-k", "-n", "--odd", "b"});
}

TEST_CASE("short options may be joined, and the last may have a value") {
    const Arguments all = split({"-xsn4", "-vk", "expr"});
    CHECK(all.ours == Words{"-x", "-n4"});
    CHECK(all.pytest == Words{"-x", "-s", "-v", "-k", "expr"});
}

TEST_CASE("what is both's goes both ways") {
    const Arguments all = split({"--maxfail", "3", "--maxfail=4"});
    CHECK(all.ours == Words{"--maxfail=3", "--maxfail=4"});
    CHECK(all.pytest == Words{"--maxfail", "3", "--maxfail=4"});
}

TEST_CASE("after two dashes everything is pytest's") {
    const Arguments all = split({"-n", "2", "--", "-n", "x"});
    CHECK(all.ours == Words{"-n2"});
    CHECK(all.pytest == Words{"--", "-n", "x"});
}

TEST_CASE("a value that is missing is left to whoever reads the option") {
    CHECK(split({"--dist"}).ours == Words{"--dist"});
    CHECK(split({"-n"}).ours == Words{"-n"});
}

TEST_CASE("pytest's own options that take a value are known") {
    CHECK(pytest_option_takes_value("--rootdir"));
    CHECK(pytest_option_takes_value("-m"));
    CHECK(!pytest_option_takes_value("--lf"));
}
