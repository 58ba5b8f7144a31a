#include "worker/frameworks/native/xml_stream.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace xgrid::worker::native {
namespace {

constexpr std::size_t kept_bytes_max = 1024 * 1024;
constexpr std::size_t open_max = 1000;
constexpr std::size_t element_cost = 128;  // so that many small ones are bounded, too
constexpr std::string_view white = " \t\r\n";
constexpr std::string_view cdata = "<![CDATA[";

bool is_white(char byte) { return white.find(byte) != std::string_view::npos; }

std::string utf8_of(std::uint32_t code) {
    std::string text;
    const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
    const auto rest = [&](std::uint32_t shift) { byte(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0U | (code >> 6U));
        rest(0);
    } else if (code < 0x10000) {
        byte(0xE0U | (code >> 12U));
        rest(6);
        rest(0);
    } else {
        byte(0xF0U | (code >> 18U));
        rest(12);
        rest(6);
        rest(0);
    }
    return text;
}

// What stands between '&' and ';'; none: left as it is.
std::string entity(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> known = {
        {{"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}}};
    for (const auto& [each, text] : known) {
        if (each == name) return std::string(text);
    }
    if (!name.starts_with('#')) return {};
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    std::uint32_t code = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, code, base);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (error != std::errc{} || stop != end || code == 0 || code > 0x10FFFF || surrogate) return {};
    return utf8_of(code);
}

std::string decoded(std::string_view text) {
    constexpr std::size_t longest = 10;
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t from = std::min(text.find('&', at), text.size());
        result += text.substr(at, from - at);
        if (from == text.size()) break;
        const std::size_t end = text.substr(from, longest).find(';');
        const std::string meant =
            end == std::string_view::npos ? std::string() : entity(text.substr(from + 1, end - 1));
        result += meant.empty() ? "&" : meant;
        at = from + (meant.empty() ? 1 : end + 1);
    }
    return result;
}

std::size_t name_end(std::string_view text, std::size_t from) {
    return std::min(text.find_first_of(" \t\r\n=/>", from), text.size());
}

// Of a tag without its brackets.
Element element_from(std::string_view tag) {
    std::size_t at = name_end(tag, 0);
    Element element{.name = std::string(tag.substr(0, at))};
    while (true) {
        at = std::min(tag.find_first_not_of(" \t\r\n=/>", at), tag.size());
        if (at == tag.size()) return element;
        const std::size_t end = name_end(tag, at);
        const std::string name(tag.substr(at, end - at));
        at = std::min(tag.find_first_not_of(" \t\r\n=", end), tag.size());
        if (at == tag.size() || (tag[at] != '"' && tag[at] != '\'')) continue;
        const std::size_t close = std::min(tag.find(tag[at], at + 1), tag.size());
        element.attributes.emplace_back(name, decoded(tag.substr(at + 1, close - at - 1)));
        at = std::min(close + 1, tag.size());
    }
}

// How many bytes from there on are one character in UTF-8; 0: they are none.
std::size_t character_length(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80              ? 1
                               : (first & 0xE0U) == 0xC0 ? 2
                               : (first & 0xF0U) == 0xE0 ? 3
                               : (first & 0xF8U) == 0xF0 ? 4
                                                         : 0;
    if (length == 0 || at + length > text.size()) return 0;
    std::uint32_t code = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[at + i]);
        if ((next & 0xC0U) != 0x80) return 0;
        code = (code << 6U) | (next & 0x3FU);
    }
    constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    return code < least[length] || code > 0x10FFFF ? 0 : length;
}

bool is_control(char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return value < 0x09 || (value > 0x0D && value < 0x20) || value == 0x7F;
}

}  // namespace

const std::string& Element::attribute(std::string_view wanted) const {
    static const std::string none;
    const auto found =
        std::ranges::find_if(attributes, [&](const auto& each) { return each.first == wanted; });
    return found == attributes.end() ? none : found->second;
}

const Element* Element::child(std::string_view wanted) const {
    const auto found =
        std::ranges::find_if(children, [&](const Element& each) { return each.name == wanted; });
    return found == children.end() ? nullptr : &*found;
}

std::string Element::text_of(std::string_view wanted) const {
    const Element* found = child(wanted);
    return found == nullptr ? std::string() : trimmed(found->text);
}

XmlStream::XmlStream(std::vector<std::string_view> containers)
    : containers_(std::move(containers)) {}

void XmlStream::read(std::string_view text, Listener& to) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (!markup_last_.empty()) {
            read_markup(text[at++], to);
            continue;
        }
        const std::size_t end = std::min(text.find('<', at), text.size());
        const std::size_t room = kept_bytes_max - std::min(kept_bytes_max, text_.size());
        text_ += text.substr(at, std::min(end - at, room));
        at = end;
        if (at == text.size()) return;
        take_text(decoded(std::exchange(text_, {})));
        markup_ = markup_last_ = text[at++];
    }
}

void XmlStream::read_markup(char byte, Listener& to) {
    if (markup_.size() < kept_bytes_max) markup_ += byte;
    if (markup_last_.size() == 3) markup_last_.erase(0, 1);
    markup_last_ += byte;
    if (!markup_ends(byte)) return;
    take_markup(to);
    markup_.clear();
    markup_last_.clear();
    quote_ = 0;
}

bool XmlStream::markup_ends(char byte) {
    if (markup_.starts_with("<!--")) return markup_.size() >= 7 && markup_last_ == "-->";
    if (markup_.starts_with("<![")) return markup_last_ == "]]>";
    if (markup_.starts_with("<?")) return markup_last_.ends_with("?>");
    if (quote_ != 0) {
        if (byte == quote_) quote_ = 0;
        return false;
    }
    if (byte == '"' || byte == '\'') quote_ = byte;
    return byte == '>';
}

void XmlStream::take_markup(Listener& to) {
    const std::string_view markup = markup_;
    if (markup.starts_with(cdata)) {
        const std::size_t end = markup.ends_with("]]>") ? markup.size() - 3 : markup.size();
        take_text(
            std::string(markup.substr(cdata.size(), std::max(end, cdata.size()) - cdata.size())));
        return;
    }
    if (markup.starts_with("<!") || markup.starts_with("<?")) return;
    const std::string_view tag = markup.substr(1, markup.size() - (markup.ends_with('>') ? 2 : 1));
    if (tag.starts_with('/')) {
        close(std::string(tag.substr(1, name_end(tag, 1) - 1)), to);
        return;
    }
    open(element_from(tag), markup_last_.ends_with("/>"), to);
}

bool XmlStream::is_container(const Element& element) const {
    return std::ranges::find(containers_, element.name) != containers_.end();
}

void XmlStream::take_text(const std::string& text) {
    if (open_.empty() || is_container(open_.back())) return;
    if (kept_ > kept_bytes_max) return;
    open_.back().text += text.substr(0, kept_bytes_max - kept_);
    kept_ += text.size();
    if (kept_ > kept_bytes_max) open_.back().text += "\n[... cut ...]";
}

void XmlStream::open(Element element, bool closes, Listener& to) {
    if (open_.size() >= open_max) return;
    if (is_container(element)) {
        to.opened(element);
    } else {
        kept_ += element_cost + element.name.size();
        for (const auto& [name, value] : element.attributes) kept_ += name.size() + value.size();
        if (kept_ > kept_bytes_max) element.attributes.clear();
    }
    open_.push_back(std::move(element));
    if (closes) close_last(to);
}

void XmlStream::close(const std::string& name, Listener& to) {
    const bool known =
        std::ranges::any_of(open_, [&](const Element& each) { return each.name == name; });
    if (!known) return;
    while (open_.back().name != name) close_last(to);
    close_last(to);
}

void XmlStream::close_last(Listener& to) {
    Element element = std::move(open_.back());
    open_.pop_back();
    if (is_container(element)) {
        to.closed(element.name);
    } else if (open_.empty() || is_container(open_.back())) {
        to.found(element);
        kept_ = 0;
    } else if (kept_ <= kept_bytes_max) {
        open_.back().children.push_back(std::move(element));
    }
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
    return std::string(text);
}

std::string as_written(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t length = is_control(bytes[at]) ? 0 : character_length(bytes, at);
        if (length == 0) {
            text += fmt::format("\\x{:02X}", static_cast<unsigned char>(bytes[at]));
        } else {
            text += bytes.substr(at, length);
        }
        at += std::max<std::size_t>(length, 1);
    }
    return text;
}

std::string as_meant(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view digits = text.substr(at).starts_with("\\x") && at + 4 <= text.size()
                                            ? text.substr(at + 2, 2)
                                            : std::string_view();
        unsigned value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        const bool whole = !digits.empty() && error == std::errc{} && end == digits.data() + 2;
        // Nothing else would have been written like that.
        if (whole && value != 0 && (value >= 0x80 || is_control(static_cast<char>(value)))) {
            bytes += static_cast<char>(value);
            at += 4;
        } else {
            bytes += text[at++];
        }
    }
    return bytes;
}

}  // namespace xgrid::worker::native
