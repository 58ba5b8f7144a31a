#include "client/dialer.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/eventfd.h>
#include <utility>

#include <fmt/format.h>

#include "client/knock.hpp"
#include "shared/address.hpp"
#include "shared/codec.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

constexpr int messages_per_turn = 64;

Instant now() { return std::chrono::steady_clock::now(); }

constexpr const char* how_to_give_it =
    "set XGRID_TOKEN, or put a line 'HOST:PORT TOKEN' into the file tokens beside xgrid's "
    "config.toml";

}  // namespace

// Two connections to the worker, and what each is for at the broker.
struct Dialer::Lines {
    Lines(Context& context, const std::string& broker, const std::optional<Token>& token)
        : worker_control(context, token),
          worker_content(context, token),
          broker_control(context, broker),
          broker_content(context, broker) {}

    Dealer& to_worker(Line line) { return line == Line::control ? worker_control : worker_content; }
    Dealer& to_broker(Line line) { return line == Line::control ? broker_control : broker_content; }

    Dealer worker_control;
    Dealer worker_content;
    Dealer broker_control;
    Dealer broker_content;
};

Dialer::Dialer(Context& context, std::string broker, Host host, std::string way,
               std::string session)
    : context_(context),
      broker_(std::move(broker)),
      host_(std::move(host)),
      way_(std::move(way)),
      session_(std::move(session)),
      end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      woken_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!end_ || !woken_) {
        throw Fatal(fmt::format("cannot dial {}: {}", host_.spec.text, strerror(errno)));
    }
    thread_ = std::thread([this] { run(); });
}

Dialer::~Dialer() {
    eventfd_write(end_.get(), 1);
    thread_.join();
}

Dialer::News Dialer::collect() {
    eventfd_t count = 0;
    eventfd_read(woken_.get(), &count);
    const std::lock_guard lock(mutex_);
    return std::exchange(news_, {});
}

void Dialer::note(const std::vector<std::string>& notes) {
    if (notes.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        news_.notes.insert(news_.notes.end(), notes.begin(), notes.end());
    }
    eventfd_write(woken_.get(), 1);
}

void Dialer::give_up(const std::string& trouble, bool unreached) {
    {
        const std::lock_guard lock(mutex_);
        news_.trouble = trouble;
        news_.unreached = unreached;
    }
    eventfd_write(woken_.get(), 1);
}

void Dialer::run() {
    try {
        if (const std::optional<Knocked> there = find()) serve(*there);
    } catch (const std::exception& error) {
        give_up(error.what());
    }
}

Result<Knocked> Dialer::knock_there() const {
    if (!way_.empty()) return knock(way_, end_.get());
    return knock(Address{host_.spec.host, host_.spec.port}, end_.get());
}

std::optional<Knocked> Dialer::find() {
    Result<Knocked> knocked = knock_there();
    if (!knocked) {
        give_up(knocked.error(), true);
        return std::nullopt;
    }
    // A way may end on its worker's own machine, too.
    const bool near = way_.empty() ? knocked->loopback
                                   : host_.spec.host == "localhost" || is_loopback(host_.spec.host);
    if (!host_.token && (knocked->keys || !near)) {
        give_up(fmt::format("needs the token that its worker showed when it started: {}",
                            how_to_give_it));
    } else if (host_.token && !knocked->keys) {
        give_up("was started without keys (--insecure), and takes no token");
    } else {
        return *knocked;
    }
    return std::nullopt;
}

void Dialer::serve(const Knocked& there) {
    Lines lines(context_, broker_, host_.token);
    Handshakes handshakes(context_, lines.worker_control.socket());
    lines.worker_control.connect(there.endpoint);
    lines.worker_content.connect(there.endpoint);
    Dialling core(
        now(), session_,
        {.slots = host_.slots, .label = host_.label, .pack = host_.pack.value_or(!there.loopback)});
    while (core.trouble().empty()) {
        std::vector<zmq::pollitem_t> items = {
            {nullptr, end_.get(), ZMQ_POLLIN, 0}, handshakes.poll_item(),
            lines.worker_control.poll_item(),     lines.worker_content.poll_item(),
            lines.broker_control.poll_item(),     lines.broker_content.poll_item()};
        wait_for(items, core.next_deadline() - now());
        if (items[0].revents != 0) {
            lines.worker_control.send(encode_dial(core.farewell()));
            return;
        }
        hear_handshakes(handshakes, core);
        hear_worker(lines, core);
        for (const Line line : {Line::control, Line::content}) {
            for (int taken = 0; taken < messages_per_turn; ++taken) {
                std::optional<Received> received = lines.to_broker(line).receive();
                if (!received) break;
                lines.to_worker(line).pass_on(*std::move(received));
            }
        }
        carry_out(lines, core.advance(now()));
    }
    lines.worker_control.send(encode_dial(core.farewell()));
    if (core.suspects_token()) {
        if (const Result<Knocked> again = knock_there(); !again) {
            return give_up(again.error(), true);
        }
    }
    give_up(core.trouble());
}

void Dialer::hear_handshakes(Handshakes& handshakes, Dialling& core) {
    while (const std::optional<Handshake> handshake = handshakes.next()) {
        switch (*handshake) {
            case Handshake::denied: core.hear(now(), LineNews::denied); break;
            case Handshake::failed:
            case Handshake::cut: core.hear(now(), LineNews::failed); break;
            case Handshake::refused: core.hear(now(), LineNews::refused); break;
            default: break;
        }
    }
}

void Dialer::hear_worker(Lines& lines, Dialling& core) {
    for (const Line line : {Line::control, Line::content}) {
        for (int taken = 0; taken < messages_per_turn; ++taken) {
            std::optional<Received> received = lines.to_worker(line).receive();
            if (!received) break;
            const std::optional<std::uint8_t> kind = message_kind(received->views());
            if (!kind) continue;
            if (*kind == Message(Welcome{}).index()) {
                carry_out(lines, core.greeted(now(), line));
            } else if (*kind == Message(Refusal{}).index()) {
                Result<Message> message = decode(received->views());
                core.refuse(message ? std::get<Refusal>(*message).reason : message.error());
            } else if (*kind < dial_kinds) {
                lines.to_broker(line).pass_on(*std::move(received));
            } else if (Result<DialMessage> message = decode_dial(received->views())) {
                const auto* answer = std::get_if<DialAnswer>(&*message);
                if (answer != nullptr) carry_out(lines, core.receive(now(), *answer));
            }
        }
    }
}

void Dialer::carry_out(Lines& lines, const Dialling::Effects& effects) {
    for (const auto& [line, dial] : effects.send) {
        lines.to_worker(line).send(encode_dial(dial));
    }
    note(effects.notes);
}

}  // namespace xgrid::client
