#include "client/reports.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "client/html.hpp"
#include "client/json_lines.hpp"
#include "client/junit.hpp"
#include "client/plugin_lines.hpp"
#include "client/pytest_cache.hpp"
#include "client/repository.hpp"
#include "client/run_id.hpp"
#include "client/tap.hpp"
#include "client/terminal.hpp"
#include "client/trace.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

std::FILE* open_for_writing(const std::string& path, const char* mode) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
    std::FILE* file = std::fopen(path.c_str(), mode);
    if (file == nullptr) throw Fatal(fmt::format("cannot write {}: {}", path, strerror(errno)), 4);
    return file;
}

bool is_set(const char* variable, std::string_view value) {
    const char* found = std::getenv(variable);
    return found != nullptr && found == value;
}

bool is_terminal() { return isatty(STDOUT_FILENO) == 1 && !is_set("TERM", "dumb"); }

std::size_t rows() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    return known ? size.ws_row : 24;
}

std::string headline(const Options& options, const std::string& run,
                     const std::optional<RepositoryFacts>& code) {
    const RunSpec& spec = options.spec;
    std::string text =
        fmt::format("xgrid: {} slot{}", options.spec.slots, options.spec.slots == 1 ? "" : "s");
    if (!options.spec.distributed) text = "xgrid: not distributed";
    if (!options.broker.empty()) text += " of " + options.broker;
    if (options.order.stays) text += ", run " + short_id(run);
    const std::size_t environments = spec.environments.size();
    if (spec.distributed && environments > 1) {
        text += spec.each ? ", every test in each of " : " in ";
        text += fmt::format("{} environments", environments);
    }
    if (code && !code->commit.empty()) {
        text += ", code at " + code->commit;
        if (!code->branch.empty()) text += " (" + code->branch + ")";
    }
    return text;
}

}  // namespace

std::size_t terminal_columns() {
    constexpr std::size_t usual = 80;
    constexpr std::size_t least = 20;
    const char* asked = std::getenv("COLUMNS");
    std::size_t found = asked != nullptr ? std::strtoul(asked, nullptr, 10) : 0;
    winsize size{};
    if (found == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) found = size.ws_col;
    return found == 0 ? usual : std::max(found, least);
}

std::size_t shown_columns() { return isatty(STDOUT_FILENO) == 1 ? terminal_columns() : 0; }

bool wants_colour(const Options& options) {
    if (options.stdout_taken()) return false;  // nothing is for a reader
    const Colour colour = options.display.colour;
    if (colour != Colour::automatic) return colour == Colour::always;
    if (is_set("PY_COLORS", "1")) return true;
    if (is_set("PY_COLORS", "0") || std::getenv("NO_COLOR") != nullptr) return false;
    return is_terminal() || std::getenv("FORCE_COLOR") != nullptr;
}

Reports::Reports(const Options& options, const Submission& submission)
    : collect_only_(options.spec.collect_only),
      has_cache_(!options.attached || options.attached->order.host == submission.host),
      tally_(options.spec) {
    if (options.plugin_socket >= 0) {
        std::FILE* file = fdopen(options.plugin_socket, "w");
        if (file == nullptr) throw Fatal("the pytest plugin gave no socket to write to", 4);
        destinations_.push_back({std::make_unique<PluginLines>(), file, "the pytest plugin"});
        return;
    }
    const EnvironmentNames environments(options.spec);
    const auto code = read_repository(options.spec.directory);
    const JsonSettings lines{.run = submission.run,
                             .tree = code ? code->tree : "",
                             .environments = environments,
                             .command = options.spec.command,
                             .started = submission.started};
    if (!options.json.empty()) {
        add(std::make_unique<JsonLines>(lines), options.json,
            submission.continued == Continued::yes ? "ae" : "we");
    }
    if (!options.junit_xml.empty()) {
        add(std::make_unique<Junit>(JunitSettings{.prefix = options.junit_prefix,
                                                  .host = submission.host,
                                                  .started = submission.started,
                                                  .environments = environments}),
            options.junit_xml);
    }
    if (!options.tap.empty()) add(std::make_unique<Tap>(environments), options.tap);
    if (!options.perfetto.empty()) add(std::make_unique<Trace>(environments), options.perfetto);
    if (!options.html.empty()) {
        JsonSettings whole = lines;
        whole.whole = true;
        add(std::make_unique<Html>(std::move(whole)), options.html);
    }
    if (options.stdout_taken()) return;
    if (is_set("GITHUB_ACTIONS", "true")) {
        const char* workspace = std::getenv("GITHUB_WORKSPACE");
        annotations_.emplace(AnnotationSettings{.directory = options.spec.directory,
                                                .workspace = workspace == nullptr ? "" : workspace,
                                                .environments = environments});
    }
    TerminalSettings settings{.display = options.display};
    live_ = is_terminal();
    settings.colour = options.spec.coloured;
    settings.live = live_;
    settings.columns = terminal_columns();
    settings.rows = rows();
    settings.environments = environments;
    settings.headline = headline(options, submission.run, code);
    settings.directory = options.spec.directory;
    settings.distributed = options.spec.distributed;
    settings.crashes_max = options.spec.crashes_max;
    add(std::make_unique<Terminal>(settings), "-");
}

void Reports::add(std::unique_ptr<Report> report, const std::string& path, const char* mode) {
    std::FILE* file = path == "-" ? stdout : open_for_writing(path, mode);
    destinations_.push_back({.report = std::move(report), .file = file, .name = path});
}

Reports::~Reports() {
    for (const Destination& destination : destinations_) {
        if (destination.file != stdout) std::fclose(destination.file);
    }
}

void Reports::set_tree(const std::string& tree) {
    for (const Destination& to : destinations_) to.report->set_tree(tree);
}

void Reports::begin(Instant now) {
    for (Destination& to : destinations_) write(to, to.report->begin(now));
}

void Reports::begin_again(const std::string& run) {
    for (Destination& to : destinations_) write(to, to.report->begin_again(run));
}

void Reports::add(Instant now, const Event& event) {
    tally_.add(event);
    cache_.add(event);
    if (annotations_) annotations_->add(event);
    for (Destination& to : destinations_) write(to, to.report->add(now, event, tally_));
}

void Reports::tick(Instant now) {
    for (Destination& to : destinations_) {
        write(to, to.report->tick(now, tally_));
        std::fflush(to.file);
    }
}

int Reports::end(Instant now) {
    const int code = tally_.exit_code(collect_only_);
    write_cache();
    if (annotations_) {
        // Not the last lines: what stands there is fixed.
        Closing closing = tally_.closing();
        closing.text += annotations_->text();
        tally_.close(std::move(closing));
    }
    for (Destination& to : destinations_) {
        write(to, to.report->end(now, tally_, code));
        if (std::fflush(to.file) != 0) to.failed = true;
    }
    for (const Destination& to : destinations_) {
        if (!to.failed) continue;
        throw Fatal(fmt::format("cannot write {}: {}", to.name, strerror(errno)));
    }
    return code;
}

void Reports::write_cache() const {
    if (cache_.folder().empty() || !has_cache_) return;
    const PytestCache folder(cache_.folder());
    folder.update("cache/lastfailed", [&](const auto& text) { return cache_.lastfailed(text); });
    folder.update("cache/nodeids", [&](const auto& text) { return cache_.nodeids(text); });
    folder.update("cache/stepwise", [&](const auto& text) { return cache_.stepwise(text); });
}

void Reports::write(Destination& to, const std::string& text) {
    if (text.empty() || to.failed) return;
    if (std::fwrite(text.data(), 1, text.size(), to.file) != text.size()) to.failed = true;
}

}  // namespace xgrid::client
