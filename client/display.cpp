#include "client/display.hpp"

#include <charconv>
#include <cstdlib>

namespace xgrid::client {
namespace {

using Settings = std::map<std::string, std::string>;

std::string text(const Settings& settings, const char* name, const std::string& otherwise) {
    const auto found = settings.find(name);
    return found == settings.end() ? otherwise : found->second;
}

int number(const Settings& settings, const char* name, int otherwise) {
    const std::string given = text(settings, name, "");
    int value = otherwise;
    std::from_chars(given.data(), given.data() + given.size(), value);
    return value;
}

ProgressStyle progress_of(const Settings& settings) {
    // As pytest: tests that print freely would only tear it apart.
    const std::string style = text(settings, "console_output_style", "progress");
    if (style == "progress-even-when-capture-no") return ProgressStyle::percent;
    if (text(settings, "capture", "") == "no" || settings.contains("setupshow")) {
        return ProgressStyle::none;
    }
    if (style == "count") return ProgressStyle::count;
    return style.starts_with("progress") ? ProgressStyle::percent : ProgressStyle::none;
}

}  // namespace

void adopt(Display& display, const Settings& settings) {
    display.verbosity = number(settings, "verbose", display.verbosity);
    // Else a slot has been told what the client wants, and has the last word: addopts may say more.
    if (settings.contains("color")) {
        display.colour = text(settings, "color", "") == "yes" ? Colour::always : Colour::never;
    }
    display.report_chars = text(settings, "reportchars", display.report_chars);
    display.traceback = text(settings, "tbstyle", display.traceback);
    display.show_capture = text(settings, "showcapture", display.show_capture);
    if (settings.contains("durations")) {
        const int most = number(settings, "durations", 0);
        display.durations = most < 0 ? 0 : static_cast<std::uint32_t>(most);
    }
    if (settings.contains("durations_min")) {
        display.durations_min = std::strtod(settings.at("durations_min").c_str(), nullptr);
    }
    display.progress = progress_of(settings);
    display.header = display.header && !settings.contains("no_header");
    display.summary = display.summary && !settings.contains("no_summary");
    display.collect_only = display.collect_only || settings.contains("collectonly");
}

}  // namespace xgrid::client
