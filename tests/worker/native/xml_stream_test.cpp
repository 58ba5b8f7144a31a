#include "worker/frameworks/native/xml_stream.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace xgrid::worker::native {
namespace {

struct Heard : XmlStream::Listener {
    void opened(const Element& element) override {
        events.push_back("<" + element.name + " " + element.attribute("a"));
    }
    void found(const Element& element) override {
        events.push_back(element.name + " " + trimmed(element.text));
        last = element;
    }
    void closed(const std::string& name) override { events.push_back("/" + name); }

    std::vector<std::string> events;
    Element last;
};

Heard heard(std::string_view text) {
    Heard to;
    XmlStream({"box"}).read(text, to);
    return to;
}

TEST_CASE("containers are told when they begin and end, and what is in them as a whole") {
    CHECK(heard("<?xml v='>'?><!-- <box> --><box a='1'> x <in>t<!-- > -->u</in><box/></box>")
              .events == std::vector<std::string>{"<box 1", "in tu", "<box ", "/box", "/box"});
}

TEST_CASE("an element has its attributes, its text, and its children") {
    const Element element =
        heard("<box><e a=\"&lt;&#65;&#xe9;>\" b='\"'>t&amp;<c>\n 1 \n</c><c/><![CDATA[<&]]></e>")
            .last;
    CHECK(element.attribute("a") == "<A\xc3\xa9>");
    CHECK(element.attribute("b") == "\"");
    CHECK(element.attribute("c").empty());
    CHECK(element.text == "t&<&");
    CHECK(element.children.size() == 2);
    CHECK(element.text_of("c") == "1");
    CHECK(element.text_of("d").empty());
}

TEST_CASE("what is no entity stays") {
    CHECK(heard("<box><e>&&no;&#0;&#xd800;&#x110000;&lt</e>").last.text ==
          "&&no;&#0;&#xd800;&#x110000;&lt");
}

TEST_CASE("an end without its beginning is nothing, and one ends what is open in it") {
    CHECK(heard("</e></box><box><box><e><f></box>").events ==
          std::vector<std::string>{"<box ", "<box ", "e ", "/box"});
}

TEST_CASE("of what is too long, only the beginning is kept, and that is said") {
    const std::string most(3'000'000, 'x');
    const Element cut = heard("<box><e a='" + most + "'><f>" + most + "</f></e>").last;
    CHECK(cut.attribute("a").empty());
    const Element text = heard("<box><e>" + most + "</e>").last;
    CHECK(text.text.size() < 1'100'000);
    CHECK(text.text.ends_with("cut ...]"));
    std::string many = "<box><e>";
    for (int i = 0; i < 100'000; ++i) many += "<f>x</f>";
    CHECK(heard(many + "</e>").last.children.size() < 10'000);
}

TEST_CASE("after something too long, the rest is read") {
    const std::string most(3'000'000, 'x');
    const Heard all = heard("<box><e>" + most + "</e><e b='" + most + "'/><e>y</e>");
    REQUIRE(all.events.size() == 4);
    CHECK(all.events.back() == "e y");
}

TEST_CASE("bytes that XML cannot have are written as what they are, and read back") {
    const std::string bytes = "\xc3\xa9\x1b[1m\xff\xed\t\\x1";
    CHECK(as_written(bytes) == "\xc3\xa9\\x1B[1m\\xFF\\xED\t\\x1");
    CHECK(as_meant(as_written(bytes)) == bytes);
    CHECK(as_meant("\\x41\\x00\\x") == "\\x41\\x00\\x");
}

}  // namespace
}  // namespace xgrid::worker::native
