#include "worker/permits.hpp"

#include <sys/eventfd.h>

#include <doctest/doctest.h>

namespace xgrid::worker {
namespace {

TEST_CASE("a permit is taken once, by whoever comes first") {
    Permits permits;
    REQUIRE(permits.create());
    const Descriptor slot = permits.copy();
    REQUIRE(slot);
    CHECK(permits.take(1) == 0);
    permits.add(3);
    eventfd_t one = 0;
    CHECK(eventfd_read(slot.get(), &one) == 0);
    CHECK(one == 1);
    CHECK(permits.take(5) == 2);
    CHECK(eventfd_read(slot.get(), &one) != 0);
}

}  // namespace
}  // namespace xgrid::worker
