#include "client/places.hpp"

#include <doctest/doctest.h>

using xgrid::client::Places;

TEST_CASE("paths are relative to where the user is") {
    const Places places("/code/project/sub", "/code/project");
    CHECK(places.path("/code/project/sub/a.py") == "a.py");
    CHECK(places.path("/code/project/b/../tests/a.py") == "../tests/a.py");
    CHECK(places.path("/usr/lib/x.py") == "../../../usr/lib/x.py");
    CHECK(places.path("already/relative.py") == "already/relative.py");
    CHECK(places.path("/code/project/sub") == ".");
}

TEST_CASE("ids stay as they are in the root, and begin with a path from elsewhere") {
    const std::string id = "tests/a.py::TestX::test_y[b::c/d]";
    CHECK(Places("/code", "/code").id(id) == id);
    CHECK(Places("/code", "").id(id) == id);
    CHECK(Places("/code/tests", "/code").id(id) == "a.py::TestX::test_y[b::c/d]");
    CHECK(Places("/code/sub", "/code").id(id) == "../" + id);
}
