#include "client/rounds.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <signal.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "client/chosen.hpp"
#include "client/code.hpp"
#include "client/environments.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

Instant now() { return std::chrono::steady_clock::now(); }

bool is_at_terminal() { return isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp(); }

// Python takes what it has compiled for current if the source has the size and the second that it
// had: two changes in one second look the same.
void remove_compiled(const fs::path& source) {
    if (source.extension() != ".py") return;
    const std::string begin = source.stem().string() + ".";
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(source.parent_path() / "__pycache__", none)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(begin) && name.ends_with(".pyc")) fs::remove(entry.path(), none);
    }
}

}  // namespace

Rounds::Rounds(const Options& options, Grid& grid, Run run)
    : options_(options),
      grid_(grid),
      run_(std::move(run)),
      text_(Markup(wants_colour(options), terminal_columns()), Places(options.spec.directory, "")),
      watching_(now(), watch_settings(options)),
      interactive_(is_at_terminal()) {}

int Rounds::run() {
    if (wait_for_look() == Woken::end) return 2;
    while (true) {
        const RoundEnd end = run_round();
        code_ = end.code;
        if (end.interrupted) return 2;
        if (end.broken || is_over()) return code_;
        const Repeating::Next next = repeating_.end();
        watching_.look_soon(now());
        if (wait_for_look() == Woken::end) return code_;
        const bool changed = changed_in_round();
        if (next == Repeating::Next::again) {
            say(text_.everything_next());
        } else if (!changed && !wait_for_change()) {
            return code_;
        }
    }
}

RoundEnd Rounds::run_round() {
    Options options = options_;
    if (!first_) options.display.header = false;
    const Continued continued = std::exchange(first_, false) ? Continued::no : Continued::yes;
    const std::vector<std::string>& plan = repeating_.plan();
    if (!plan.empty()) choose(options.spec, plan);
    return run_(options, continued, [this](const Event& event) { repeating_.add(event); });
}

// No environment is left, nor does one come back.
bool Rounds::is_over() const {
    return std::ranges::all_of(options_.spec.environments, [&](const Environment& environment) {
        const auto host = environment.labels.find(host_label);
        return host != environment.labels.end() && grid_.lost().contains(host->second);
    });
}

bool Rounds::changed_in_round() {
    const OwnOutput::Sorted sorted = own_output_.in_round(std::exchange(changes_, {}));
    say(text_.learnt(sorted.learnt) + text_.changes(sorted.changes));
    return !sorted.changes.empty();
}

bool Rounds::wait_for_change() {
    say(text_.waiting(repeating_.failing(), watched(), interactive_));
    own_output_.other_reason();
    while (true) {
        switch (wait()) {
            case Woken::end: return false;
            case Woken::everything:
                repeating_.run_everything();
                say(text_.asked_for_everything());
                return true;
            case Woken::changes: say(text_.changes(std::exchange(changes_, {}))); return true;
            case Woken::nothing: break;
        }
    }
}

Rounds::Woken Rounds::wait_for_look() {
    while (watching_.pending()) {
        const Woken woken = wait();
        if (woken == Woken::changes || woken == Woken::end) return woken;
    }
    return Woken::nothing;
}

Rounds::Woken Rounds::wait() {
    std::vector<zmq::pollitem_t> items;
    if (interactive_) items.push_back({nullptr, STDIN_FILENO, ZMQ_POLLIN, 0});
    grid_.watch(items);
    watching_.watch(items);
    const Instant until = std::min(grid_.next_deadline(), watching_.next_deadline());
    wait_for(items, until == never ? std::chrono::hours(1) : until - now());
    while (const std::optional<int> signal = grid_.signals().next()) {
        if (*signal != SIGCHLD) return Woken::end;
        const std::string trouble = grid_.look_after();
        if (!trouble.empty()) throw Fatal(trouble, 3);
    }
    grid_.attend(now());
    if (std::optional<FileChanges> changes = watching_.advance(now())) {
        for (const FileChange& change : *changes) remove_compiled(change.path);
        changes_ = *std::move(changes);
        return Woken::changes;
    }
    if (interactive_ && items.front().revents != 0 && enter_was_pressed()) return Woken::everything;
    return Woken::nothing;
}

// At the end of input nothing comes any more.
bool Rounds::enter_was_pressed() {
    std::array<char, 4096> typed{};
    const ssize_t bytes = read(STDIN_FILENO, typed.data(), typed.size());
    interactive_ = bytes > 0;
    return interactive_;
}

void Rounds::say(const std::string& text) const {
    std::FILE* to = options_.stdout_taken() ? stderr : stdout;
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}

Watched Rounds::watched() const {
    std::vector<std::string> folders;
    for (const std::string& root : options_.watch_roots) {
        folders.push_back(fs::path(root).lexically_normal());
    }
    if (folders.empty()) {
        folders.push_back(options_.sync.root);
        for (const std::string& folder : options_.sync.folders) folders.push_back(folder);
    }
    return {.folders = std::move(folders),
            .files = watching_.files(),
            .polls = watching_.polls(),
            .trouble = watching_.trouble()};
}

}  // namespace xgrid::client
