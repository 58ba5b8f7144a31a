#include "client/places.hpp"

#include <doctest/doctest.h>

using xgrid::client::Places;

TEST_CASE("paths are relative to where the user is") {
    const Places places("/work/project/sub", "/work/project");
    CHECK(places.path("/work/project/sub/a.py") == "a.py");
    CHECK(places.path("/work/project/b/../tests/a.py") == "../tests/a.py");
    CHECK(places.path("/usr/lib/x.py") == "../../../usr/lib/x.py");
    CHECK(places.path("already/relative.py") == "already/relative.py");
    CHECK(places.path("/work/project/sub") == ".");
}

TEST_CASE("ids stay as they are in the root, and begin with a path from elsewhere") {
    const std::string id = "tests/a.py::TestX::test_y[b::c/d]";
    CHECK(Places("/work", "/work").id(id) == id);
    CHECK(Places("/work", "").id(id) == id);
    CHECK(Places("/work/tests", "/work").id(id) == "a.py::TestX::test_y[b::c/d]");
    CHECK(Places("/work/sub", "/work").id(id) == "../" + id);
}
