// Takes an XML document apart while it is still being written.
//
// pugixml and its like want a whole document; a report of a program that runs tests has to be
// understood up to the test that is running now, and one that crashes never ends it. What
// frameworks write is a small part of XML: no namespaces, no entities but the five that need no
// declaration.
//
// Total: what is no XML makes some sense too, and no more of it is kept than 1 MB of what is not
// complete yet.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrid::worker::native {

struct Element {
    std::string name;
    std::vector<std::pair<std::string, std::string>> attributes;
    std::string text;  // its own, without that of its children
    std::vector<Element> children;

    /// Empty: it has none of that name.
    const std::string& attribute(std::string_view name) const;
    /// The first one of that name, or nullptr.
    const Element* child(std::string_view name) const;
    /// Of the first child of that name, without the white space around it; empty: there is none.
    std::string text_of(std::string_view name) const;
};

class XmlStream {
public:
    class Listener {
    public:
        virtual ~Listener() = default;
        /// A container begins; it has its attributes only.
        virtual void opened(const Element& container) = 0;
        /// A whole element in a container that is none itself, with all that is in it.
        virtual void found(const Element& element) = 0;
        virtual void closed(const std::string& container) = 0;
    };

    /// Elements of these names are told when they begin and when they end.
    explicit XmlStream(std::vector<std::string_view> containers);

    void read(std::string_view text, Listener& to);

private:
    void read_markup(char byte, Listener& to);
    bool markup_ends(char byte);
    void take_markup(Listener& to);
    void take_text(const std::string& text);
    void open(Element element, bool closes, Listener& to);
    void close(const std::string& name, Listener& to);
    void close_last(Listener& to);
    bool is_container(const Element& element) const;

    std::vector<std::string_view> containers_;
    std::vector<Element> open_;
    std::string text_;
    std::string markup_;       // from its '<' on; empty: in text
    std::string markup_last_;  // its last bytes, also those that are not kept
    char quote_ = 0;
    std::size_t kept_ = 0;  // by the element that is to be found
};

/// Without the white space at both ends.
std::string trimmed(std::string_view text);

/// Bytes as doctest and Catch2 write them to XML: what is no character there, or no UTF-8, is \xHH.
std::string as_written(std::string_view bytes);

/// What such a text may have been; the other way round it is not certain, since nothing says
/// whether its backslash was one.
std::string as_meant(std::string_view text);

}  // namespace xgrid::worker::native
