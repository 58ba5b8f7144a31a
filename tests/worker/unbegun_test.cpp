#include "worker/unbegun.hpp"

#include <doctest/doctest.h>

namespace xgrid::worker {
namespace {

using Tests = std::vector<std::uint32_t>;

TestsFound found(std::size_t count) { return {.tests = std::vector<TestName>(count)}; }

TEST_CASE("tests are unbegun until they start, end or are given back") {
    Unbegun unbegun;
    unbegun.hear(found(4));
    unbegun.hear(found(3));  // the same job's, in two messages
    CHECK(unbegun.size() == 7);
    CHECK_FALSE(unbegun.complete());
    unbegun.hear(Finished{2, {}});  // could not be collected
    unbegun.hear(GaveBack{.tests = {1, 6}});
    CHECK(unbegun.size() == 4);
    CHECK_FALSE(unbegun.complete());
    unbegun.hear(Started{0});
    CHECK(unbegun.complete());
    CHECK(unbegun.take_last(2) == Tests{4, 5});
    unbegun.hear(Finished{0, {}});
    CHECK(unbegun.size() == 1);
    CHECK(unbegun.take_last(9) == Tests{3});
    CHECK(unbegun.take_last(1).empty());
}

}  // namespace
}  // namespace xgrid::worker
