#include "client/rounds_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr std::size_t listed_max = 10;

std::string more(std::size_t all) {
    return all > listed_max ? fmt::format("# ... and {} more\n", all - listed_max) : "";
}

}  // namespace

std::string RoundsText::line(const std::string& title, Hue hue) const {
    return markup_.paint(markup_.line('#', title), hue, true) + "\n";
}

std::string RoundsText::shown(const std::string& path) const {
    return printable(places_.path(path));
}

std::string RoundsText::waiting(const std::vector<std::string>& failing, const Watched& watched,
                                bool at_once) const {
    std::string text = "\n";
    if (!failing.empty()) text += line("LOOPONFAILING", Hue::red);
    for (std::size_t i = 0; i < std::min(failing.size(), listed_max); ++i) {
        text += printable(failing[i]) + "\n";
    }
    text += more(failing.size());
    text += line("waiting for changes", Hue::none);
    for (const std::string& folder : watched.folders) {
        text += fmt::format("### Watching:   {}", printable(folder));
        if (watched.folders.size() == 1 && watched.trouble.empty()) {
            text += fmt::format(" ({} file{})", watched.files, watched.files == 1 ? "" : "s");
        }
        text += "\n";
    }
    if (!watched.polls.empty()) {
        text += fmt::format("### by looking again and again: {}\n", watched.polls);
    }
    if (!watched.trouble.empty()) {
        text +=
            markup_.paint(fmt::format("### cannot look at them: {}", watched.trouble), Hue::red) +
            "\n";
    }
    if (at_once) text += "### Enter runs everything, Ctrl-C ends\n";
    return text;
}

std::string RoundsText::everything_next() const {
    return "\n" + line("no failures left: running everything", Hue::green);
}

std::string RoundsText::asked_for_everything() const {
    return line("running everything", Hue::none);
}

std::string RoundsText::changes(const FileChanges& changes) const {
    std::string text;
    for (std::size_t i = 0; i < std::min(changes.size(), listed_max); ++i) {
        const FileChange& change = changes[i];
        switch (change.kind) {
            case FileChange::Kind::modified: text += "# MODIFIED "; break;
            case FileChange::Kind::added: text += "# NEW "; break;
            case FileChange::Kind::removed: text += "# DELETED "; break;
            case FileChange::Kind::renamed:
                text += fmt::format("# RENAMED {} to ", shown(change.before));
        }
        text += shown(change.path) + "\n";
    }
    return text + more(changes.size());
}

std::string RoundsText::learnt(const std::set<std::string>& files) const {
    std::string text;
    for (const std::string& file : files) {
        text += fmt::format("# NOT TAKEN FOR A CHANGE {} (each round writes it)\n", shown(file));
    }
    return text;
}

}  // namespace xgrid::client
