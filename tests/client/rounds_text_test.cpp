#include "client/rounds_text.hpp"

#include <doctest/doctest.h>

namespace xgrid::client {
namespace {

const RoundsText text(Markup(false, 40), Places("/home/me/project", ""));

TEST_CASE("while it waits it shows what fails, and what is watched") {
    const std::string shown =
        text.waiting({"test_a.py::one"}, {.folders = {"/home/me/project"}, .files = 12}, true);
    CHECK(shown ==
          "\n############ LOOPONFAILING #############\n"
          "test_a.py::one\n"
          "######### waiting for changes ##########\n"
          "### Watching:   /home/me/project (12 files)\n"
          "### Enter runs everything, Ctrl-C ends\n");
}

TEST_CASE("where nothing fails there is no list") {
    const std::string shown = text.waiting({}, {.folders = {"/a", "/b"}}, false);
    CHECK(shown ==
          "\n######### waiting for changes ##########\n"
          "### Watching:   /a\n"
          "### Watching:   /b\n");
}

TEST_CASE("it says why files are looked at again and again, or cannot be") {
    const std::string shown =
        text.waiting({}, {.folders = {"/a"}, .polls = "no watches", .trouble = "no rights"}, false);
    CHECK(shown.find("### by looking again and again: no watches\n") != std::string::npos);
    CHECK(shown.find("### cannot look at them: no rights\n") != std::string::npos);
}

TEST_CASE("changes are named from where the user is, ten at most") {
    FileChanges changes = {
        {FileChange::Kind::modified, "/home/me/project/a.py", ""},
        {FileChange::Kind::added, "/home/me/project/sub/b\n.py", ""},
        {FileChange::Kind::removed, "/home/me/other/c.py", ""},
        {FileChange::Kind::renamed, "/home/me/project/e.py", "/home/me/project/d.py"}};
    CHECK(text.changes(changes) ==
          "# MODIFIED a.py\n"
          "# NEW sub/b\\x0a.py\n"
          "# DELETED ../other/c.py\n"
          "# RENAMED d.py to e.py\n");
    changes.resize(1000);
    CHECK(text.changes(changes).ends_with("# ... and 990 more\n"));
}

TEST_CASE("it says which files are not taken for changes") {
    CHECK(text.learnt({"/home/me/project/run.log"}) ==
          "# NOT TAKEN FOR A CHANGE run.log (each round writes it)\n");
}

}  // namespace
}  // namespace xgrid::client
