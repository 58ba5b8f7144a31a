#include "client/home.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace xgrid;

namespace {

Event translated(client::Home& home, Event event) {
    home.translate(event);
    return event;
}

client::Home home_with(const std::string& folder) {
    client::Home home("/home/a/project");
    translated(home, TreeSynced{"host", {.folder = folder}});
    return home;
}

TestFinished finished(const std::string& text) {
    TestFinished event;
    event.result.details = Details{.phases = {{.text = text, .path = text}}, .path = text};
    return event;
}

std::string text_of(client::Home& home, const std::string& text) {
    const Event event = translated(home, finished(text));
    return std::get<TestFinished>(event).result.details->phases[0].text;
}

}  // namespace

TEST_CASE("paths in a workspace read as those at home") {
    client::Home home = home_with("/cache/w-1/project");
    CHECK(text_of(home, "/cache/w-1/project/test_a.py:3: in '/cache/w-1/project'\n") ==
          "/home/a/project/test_a.py:3: in '/home/a/project'\n");
    SlotFacts facts{.root = "/cache/w-1/project", .config = "/cache/w-1/project/pytest.ini"};
    facts.settings = {{"cache_dir", "/cache/w-1/project/.pytest_cache"}};
    const Event event = translated(home, WorkerUp{"gw0", "host", facts});
    const SlotFacts& seen = std::get<WorkerUp>(event).facts;
    CHECK(seen.root == "/home/a/project");
    CHECK(seen.config == "/home/a/project/pytest.ini");
    CHECK(seen.settings.at("cache_dir") == "/home/a/project/.pytest_cache");
}

TEST_CASE("a folder whose name begins like the workspace's is another one") {
    client::Home home = home_with("/copy");
    CHECK(text_of(home, "/copy2/a /copy-b /copy.d /copy_e /copy/x /copy") ==
          "/copy2/a /copy-b /copy.d /copy_e /home/a/project/x /home/a/project");
}

TEST_CASE("before a workspace is known, and where tests run at home, nothing is changed") {
    client::Home home("/home/a/project");
    CHECK(text_of(home, "/copy/a") == "/copy/a");
    client::Home at_home("");
    translated(at_home, TreeSynced{"host", {.folder = "/copy"}});
    CHECK(text_of(at_home, "/copy/a") == "/copy/a");
}

TEST_CASE("what a test printed is left as it is") {
    client::Home home = home_with("/copy");
    TestFinished event = finished("");
    event.result.details->sections = {{"Captured stdout call", "/copy/a"}};
    const Event seen = translated(home, event);
    CHECK(std::get<TestFinished>(seen).result.details->sections[0].second == "/copy/a");
}
