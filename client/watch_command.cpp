#include "client/watch_command.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "client/lookout.hpp"
#include "client/reports.hpp"
#include "client/screen.hpp"
#include "client/watch_text.hpp"
#include "shared/answer_json.hpp"
#include "shared/codec.hpp"
#include "shared/signals.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {
namespace {

constexpr int left = 0;
constexpr int interrupted = 2;

Instant now() { return std::chrono::steady_clock::now(); }

class Watch {
public:
    explicit Watch(const Command& command)
        : dealer_(context_, command.options.broker, command.options.credentials),
          lookout_(command.options.broker),
          colour_(wants_colour(command.options)) {
        if (!command.json) screen_.emplace();
    }

    int run() {
        show();
        while (true) {
            send(lookout_.advance(now()));
            show_if_new();
            std::vector<zmq::pollitem_t> items = {dealer_.poll_item(),
                                                  {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
            if (screen_ && screen_->has_keys())
                items.push_back({nullptr, STDIN_FILENO, ZMQ_POLLIN, 0});
            wait_for(items, lookout_.next_deadline() - now());
            while (const std::optional<Received> received = dealer_.receive()) {
                Result<Message> message = decode(received->views());
                if (message) send(lookout_.receive(now(), *message));
            }
            while (const std::optional<int> signal = signals_.next()) {
                if (const std::optional<int> code = heed(*signal)) return *code;
            }
            if (items.size() > 2 && items[2].revents != 0) {
                const std::optional<char> key = screen_->key();
                if (!key || *key == 'q') return left;
            }
            if (std::ferror(stdout) != 0) return left;  // nobody reads it any more
        }
    }

private:
    void send(const std::vector<Message>& messages) {
        for (const Message& message : messages) dealer_.send(encode(message));
    }

    void show_if_new() {
        if (shown_ == lookout_.rounds()) return;
        shown_ = lookout_.rounds();
        show();
    }

    void show() {
        if (screen_) {
            screen_->draw(watch_lines(lookout_.overview(), Markup(colour_, terminal_columns()),
                                      Screen::rows()));
        } else if (shown_ > 0) {
            fmt::print("{}", json_of(lookout_.overview()));
            std::fflush(stdout);
        }
    }

    // The exit code, if it ends here.
    std::optional<int> heed(int signal) {
        switch (signal) {
            case SIGINT: return left;
            case SIGWINCH: show(); return std::nullopt;
            case SIGTSTP:
                if (screen_) screen_->leave();
                std::raise(SIGSTOP);
                return std::nullopt;
            case SIGCONT:
                if (screen_) screen_->enter();
                show();
                return std::nullopt;
            default: return interrupted;
        }
    }

    Signals signals_{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT};
    Context context_;
    Dealer dealer_;
    Lookout lookout_;
    bool colour_;
    std::optional<Screen> screen_;
    std::uint64_t shown_ = 0;
};

}  // namespace

int watch(const Command& command) { return Watch(command).run(); }

bool can_draw() {
    const char* terminal = std::getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 &&
           (terminal == nullptr || std::string_view(terminal) != "dumb");
}

}  // namespace xgrid::client
