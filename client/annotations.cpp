#include "client/annotations.hpp"

#include <variant>

#include <fmt/format.h>

#include "client/markup.hpp"

namespace xgrid::client {
namespace {

constexpr std::size_t errors_most = 10;
constexpr std::size_t columns_most = 4000;  // of a message

std::string escaped(const std::string& text, bool property) {
    std::string result;
    for (const char byte : text) {
        const bool special = byte == '%' || byte == '\r' || byte == '\n' ||
                             (property && (byte == ':' || byte == ','));
        if (special) {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
        } else {
            result += byte;
        }
    }
    return result;
}

bool is_failure(const Phase& phase) {
    return phase.category == "failed" || phase.category == "error";
}

std::string why(const Phase& phase) {
    const std::string text = without_colours(phase.message.empty() ? phase.text : phase.message);
    return text.empty() ? "failed" : shortened(text, columns_most);
}

// The file that an id begins with.
std::string file_of(const std::string& id) { return id.substr(0, id.find("::")); }

}  // namespace

std::string annotation_text(const std::string& text) { return escaped(text, false); }
std::string annotation_property(const std::string& text) { return escaped(text, true); }

void Annotations::add(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        if (root_.empty()) root_ = up->facts.root;
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        note(late->test.id, late->environment, late->phase, "");
    } else if (const auto* test = std::get_if<TestFinished>(&event)) {
        const Outcome outcome = test->result.outcome;
        if (outcome != Outcome::failed && outcome != Outcome::error) return;
        Phase failed;
        std::string file;
        if (test->result.details) {
            file = test->result.details->path;
            for (const Phase& phase : test->result.details->phases) {
                if (!is_failure(phase)) continue;
                failed = phase;
                break;
            }
        }
        note(test->test.id, test->environment, failed, file);
    }
}

// As GitHub knows the file. Empty: it is none of the workspace's.
std::string Annotations::named(const std::string& path) const {
    if (path.empty()) return {};
    const std::string& base = root_.empty() ? settings_.directory : root_;
    const std::string absolute = path.starts_with('/') ? path : base + "/" + path;
    if (settings_.workspace.empty()) return path;
    const std::string folder = settings_.workspace + "/";
    return absolute.starts_with(folder) ? absolute.substr(folder.size()) : "";
}

// Where it went wrong, if that is code of the workspace; else the file of the test.
void Annotations::note(const std::string& test, std::uint32_t environment, const Phase& phase,
                       const std::string& file) {
    if (errors_.size() == errors_most) {
        ++more_;
        return;
    }
    std::string place = named(phase.path);
    const bool there = !place.empty();
    if (!there) place = named(file.empty() ? file_of(test) : file);
    std::string text = "::error ";
    if (!place.empty()) text += fmt::format("file={},", annotation_property(place));
    if (there && phase.line > 0) text += fmt::format("line={},", phase.line);
    std::string title = test;
    if (settings_.environments.each()) title += " on " + settings_.environments[environment];
    text += fmt::format("title={}::{}\n", annotation_property(title), annotation_text(why(phase)));
    errors_.push_back(std::move(text));
}

std::string Annotations::text() const {
    std::string text;
    for (const std::string& error : errors_) text += error;
    if (more_ > 0) {
        text += fmt::format("::notice title=xgrid::{} more failed: the log has them all\n", more_);
    }
    return text;
}

}  // namespace xgrid::client
