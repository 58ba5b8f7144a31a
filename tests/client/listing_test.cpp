#include "client/listing.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

using Nodes = std::vector<ListedNode>;

UnitLoaded unit(const std::string& name, Nodes nodes) {
    return {.unit = name, .listed = std::move(nodes)};
}

const UnitLoaded a =
    unit("p/a.py", {{0, "p", "<Package p>"}, {1, "p/a.py", "<Module a.py>"}, {2, "a", "<F a>"}});
const UnitLoaded b =
    unit("p/b.py", {{0, "p", "<Package p>"}, {1, "p/b.py", "<Module b.py>"}, {2, "b", "<F b>"}});

}  // namespace

TEST_CASE("units are listed in their order, in whichever they are loaded") {
    Listing listing;
    listing.add(UnitsKnown{2, false, {"p/a.py", "p/b.py"}});
    listing.add(b);
    CHECK(listing.next().empty());
    listing.add(a);
    CHECK(listing.next() ==
          "<Package p>\n  <Module a.py>\n    <F a>\n  <Module b.py>\n    <F b>\n");
    CHECK(listing.rest().empty());
}

TEST_CASE("a unit that another environment names, too, is listed once") {
    Listing listing;
    listing.add(UnitsKnown{1, true, {"p/a.py"}});
    listing.add(UnitsKnown{2, true, {"p/a.py", "p/b.py"}, 1});
    listing.add(a);
    listing.add(a);
    listing.add(b);
    CHECK(listing.next() ==
          "<Package p>\n  <Module a.py>\n    <F a>\n  <Module b.py>\n    <F b>\n");
}

TEST_CASE("what two units are in is told again when something else came between") {
    Listing listing;
    listing.add(UnitsKnown{3, true, {"p/a.py", "c.py", "p/b.py"}});
    listing.add(a);
    listing.add(unit("c.py", {{0, "c.py", "<Module c.py>"}, {1, "c", "<F c>"}}));
    listing.add(b);
    CHECK(listing.next() ==
          "<Package p>\n  <Module a.py>\n    <F a>\n<Module c.py>\n  <F c>\n"
          "<Package p>\n  <Module b.py>\n    <F b>\n");
}

TEST_CASE("what looks the same and is something else is told") {
    Listing listing;
    listing.add(UnitsKnown{2, true, {"x/p/a.py", "y/p/b.py"}});
    listing.add(unit("x/p/a.py", {{0, "x/p", "<Package p>"}, {1, "a", "<F a>"}}));
    listing.add(unit("y/p/b.py", {{0, "y/p", "<Package p>"}, {1, "b", "<F b>"}}));
    CHECK(listing.next() == "<Package p>\n  <F a>\n<Package p>\n  <F b>\n");
}

TEST_CASE("a unit that never loads keeps nothing back at the end") {
    Listing listing;
    listing.add(UnitsKnown{2, true, {"gone.py", "p/a.py"}});
    listing.add(a);
    CHECK(listing.next().empty());
    CHECK(listing.rest() == "<Package p>\n  <Module a.py>\n    <F a>\n");
}

TEST_CASE("descriptions are below their node, and no text can steer the terminal") {
    Listing listing;
    listing.add(UnitsKnown{1, true, {"a.py"}});
    listing.add(unit("a.py", {{0, "a.py", "<Module a.py>\n  Why.\n  "}, {1, "a", "<F \x1b[2J>"}}));
    CHECK(listing.next() == "<Module a.py>\n  Why.\n  \n  <F \\x1b[2J>\n");
}

TEST_CASE("a unit that is loaded once more is listed once") {
    Listing listing;
    listing.add(UnitsKnown{1, true, {"p/a.py"}});
    listing.add(a);
    CHECK(!listing.next().empty());
    listing.add(a);
    CHECK(listing.next().empty());
    CHECK(listing.rest().empty());
}

TEST_CASE("depths that no tree has are taken as they come") {
    Listing listing;
    listing.add(UnitsKnown{1, true, {"a.py"}});
    listing.add(unit("a.py", {{7, "a", "<F a>"}, {4000000000, "b", "<F b>"}}));
    CHECK(listing.next() == "<F a>\n  <F b>\n");
}

TEST_CASE("ids are counted by file") {
    Listing listing;
    listing.add(unit("b.py", {{0, "b.py::t", "b.py::t"}, {0, "b.py::u", "b.py::u"}}));
    listing.add(unit("a.py", {{0, "a.py::t[x::y]", "a.py::t[x::y]"}}));
    listing.add(unit("none.py", {}));
    CHECK(listing.counts() == "a.py: 1\nb.py: 2\n");
}
