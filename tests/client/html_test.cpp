#include "client/html.hpp"

#include <doctest/doctest.h>

#include "shared/web_sources.hpp"
#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace

TEST_CASE("whatever a test prints, its event does not end the data") {
    Html html({.run = "run", .whole = true});
    const std::string head = html.begin(Instant());
    TestFinished event = went(0, "x</script>", Outcome::failed);
    event.result.details->sections = {{"out", "</SCRIPT><!--<script>"}};
    const std::string text = html.add(Instant(), event, Tally());
    CHECK(count(text, "<") == 0);
    CHECK(count(text, "\\u003c/SCRIPT>\\u003c!--\\u003cscript>") == 1);
    CHECK(count(text, "\n") == 1);
    CHECK(text.ends_with("}\n"));
}

TEST_CASE("the head is complete before the first event, which is its last line") {
    Html html({.run = "<run>"});
    const std::string head = html.begin(Instant());
    const std::string opened = "<script type=\"application/json\" id=\"events\">\n";
    const std::size_t at = head.find(opened);
    REQUIRE(at != std::string::npos);
    CHECK(head.substr(at + opened.size())
              .starts_with(R"({"event":"run_started","run":"\u003crun>")"));
    CHECK(count(head, "<script>") == 1);
    CHECK(count(head, "</script>") == 1);
    CHECK(count(head, "<style>") == 1);
}

TEST_CASE("no part of the page ends the element that it stands in, or begins a comment") {
    for (const auto& [name, text] : web_sources) {
        CHECK(count(std::string(text), "</script") == 0);
        CHECK(count(std::string(text), "</style") == 0);
        CHECK(count(std::string(text), "<!--") == 0);
        CHECK(count(std::string(text), "http://") + count(std::string(text), "https://") == 0);
    }
}

TEST_CASE("what is escaped means what it meant") {
    CHECK(json_for_html("") == "");
    CHECK(json_for_html("<") == "\\u003c");
    CHECK(json_for_html("a<<b<") == "a\\u003c\\u003cb\\u003c");
}
