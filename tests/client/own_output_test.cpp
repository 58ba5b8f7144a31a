#include "client/own_output.hpp"

#include <doctest/doctest.h>

namespace xgrid::client {
namespace {

const FileChange log{FileChange::Kind::modified, "/p/run.log", ""};
const FileChange data{FileChange::Kind::modified, "/p/data.txt", ""};
const FileChange source{FileChange::Kind::modified, "/p/code.py", ""};

TEST_CASE("what changes in a round is the user's") {
    OwnOutput own;
    CHECK(own.in_round({log}).changes == FileChanges{log});
}

TEST_CASE("what changes again, in a round that only it brought about, is the tests' own") {
    OwnOutput own;
    own.in_round({log});
    const OwnOutput::Sorted again = own.in_round({data, log});
    CHECK(again.changes == FileChanges{data});
    CHECK(again.learnt == std::set<std::string>{"/p/run.log"});
    SUBCASE("from then on, which is told once") {
        own.other_reason();
        const OwnOutput::Sorted later = own.in_round({log});
        CHECK(later.changes.empty());
        CHECK(later.learnt.empty());
    }
}

TEST_CASE("a change of its own in between proves nothing") {
    OwnOutput own;
    own.in_round({log});
    own.other_reason();
    CHECK(own.in_round({log}).changes == FileChanges{log});
}

TEST_CASE("a Python file is never the tests' own") {
    OwnOutput own;
    own.in_round({source});
    CHECK(own.in_round({source}).changes == FileChanges{source});
}

}  // namespace
}  // namespace xgrid::client
