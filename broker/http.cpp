#include "broker/http.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <functional>
#include <httplib.h>
#include <map>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/assets.hpp"
#include "broker/desired.hpp"
#include "broker/metrics.hpp"
#include "broker/pages.hpp"
#include "broker/query.hpp"
#include "shared/descriptor.hpp"
#include "shared/ensure.hpp"
#include "shared/instant.hpp"
#include "shared/process.hpp"
#include "shared/secret_file.hpp"

namespace xgrid::broker {
namespace {

// Of connections at a time; more wait in the kernel. Beside them so many follow a run.
constexpr int threads = 16;
constexpr int streams_max = 32;
constexpr std::size_t request_bytes_max = 8192;
constexpr Duration request_time_max = std::chrono::seconds(5);
constexpr Duration answer_time_max = std::chrono::seconds(30);
constexpr Duration silence_max = std::chrono::seconds(15);
constexpr Duration again = std::chrono::milliseconds(100);

constexpr const char* stream_path = "/api/stream";
constexpr const char* plain = "text/plain; charset=utf-8";
constexpr const char* too_large =
    "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: "
    "0\r\n\r\n";

Instant now() { return std::chrono::steady_clock::now(); }

// Ready for that, before the broker ends and the time is over.
bool wait_until(int descriptor, short events, int stop, Instant until) {
    std::array<pollfd, 2> items = {pollfd{descriptor, events, 0}, pollfd{stop, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    const int ready = ::poll(items.data(), items.size(), static_cast<int>(std::max(left, 0L)));
    return ready > 0 && items[1].revents == 0 && items[0].revents != 0;
}

// One request and its answer, as the library reads and writes them: with an end to both.
class Connection final : public httplib::Stream {
public:
    Connection(Descriptor socket, int stop) : socket_(std::move(socket)), stop_(stop) {}

    /// Its answer goes on for as long as each part of it is taken in time.
    void stream() { streams_ = true; }
    /// ... and nothing was said to it.
    bool was_too_large() const { return too_large_ && !write_by_; }

    bool is_readable() const override {
        return taken_ < got_ || wait_until(socket_.get(), POLLIN, stop_, Instant());
    }
    bool is_writable() const override {
        return wait_until(socket_.get(), POLLOUT, stop_,
                          streams_ ? now() + answer_time_max : Instant());
    }
    ssize_t read(char* place, std::size_t size) override {
        if (taken_ == got_) {
            too_large_ = too_large_ || got_ == bytes_.size();
            if (too_large_ || !wait_until(socket_.get(), POLLIN, stop_, read_by_)) return -1;
            const ssize_t count =
                ::recv(socket_.get(), bytes_.data() + got_, bytes_.size() - got_, MSG_DONTWAIT);
            if (count <= 0) return count;
            got_ += static_cast<std::size_t>(count);
        }
        size = std::min(size, got_ - taken_);
        std::memcpy(place, bytes_.data() + taken_, size);
        taken_ += size;
        return static_cast<ssize_t>(size);
    }
    ssize_t write(const char* place, std::size_t size) override {
        if (!write_by_ || streams_) write_by_ = now() + answer_time_max;
        if (!wait_until(socket_.get(), POLLOUT, stop_, *write_by_)) return -1;
        return ::send(socket_.get(), place, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return socket_.get(); }

private:
    Descriptor socket_;
    int stop_;
    Instant read_by_ = now() + request_time_max;
    std::optional<Instant> write_by_;
    std::array<char, request_bytes_max> bytes_{};
    std::size_t got_ = 0;
    std::size_t taken_ = 0;
    bool too_large_ = false;
    bool streams_ = false;
};

Descriptor listener(const Address& address) {
    const auto fault = [&](const std::string& why) {
        return Fatal(fmt::format("cannot listen on {} for HTTP: {}", text_of(address), why));
    };
    addrinfo hints{.ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    addrinfo* found = nullptr;
    const std::string host = address.host == "*" ? "0.0.0.0" : address.host;
    const std::string port = std::to_string(address.port);
    const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (code != 0) throw fault(::gai_strerror(code));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> freed(found, ::freeaddrinfo);
    Descriptor socket(::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                               found->ai_protocol));
    if (!socket) throw fault(std::strerror(errno));
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0) {
        throw fault(std::strerror(errno));
    }
    return socket;
}

std::uint16_t port_of(const Descriptor& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, NI_MAXSERV> port{};
    auto* plain_address = reinterpret_cast<sockaddr*>(&address);
    ::getsockname(socket.get(), plain_address, &size);
    ::getnameinfo(plain_address, size, nullptr, 0, port.data(), port.size(), NI_NUMERICSERV);
    return static_cast<std::uint16_t>(std::stoul(port.data()));
}

// In a time that says nothing of where they differ.
bool same(const std::string& one, const std::string& other) {
    unsigned difference = one.size() == other.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
        difference |= static_cast<unsigned char>(one[i] ^ other[i]);
    }
    return difference == 0;
}

bool is_here(const std::string& host) { return host == "localhost" || is_loopback(host); }

void say(httplib::Response& response, int status, const std::string& text) {
    response.status = status;
    response.set_content(text + "\n", plain);
}

}  // namespace

std::string http_token(const std::filesystem::path& file) {
    const auto fault = [](const std::string& why) { return Fatal("--http: " + why, 4); };
    const Result<bool> made = write_secret(file, random_token() + "\n", Existing::kept);
    if (!made) throw fault(made.error());
    Result<std::optional<std::string>> text = read_secret(file);
    if (!text) throw fault(text.error());
    std::string token = text->value_or("");
    const auto is_space = [](unsigned char letter) { return letter <= ' '; };
    std::erase_if(token, is_space);
    if (token.empty()) throw fault(fmt::format("there is no token in {}", file.string()));
    return token;
}

class Http::Server : public httplib::Server {
public:
    Server(const Address& address, HttpTokens tokens)
        : address_(address),
          tokens_(std::move(tokens)),
          listener_(listener(address)),
          stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        address_.port = port_of(listener_);
        svr_sock_ = listener_.get();
        set_pre_routing_handler([this](const auto& request, auto& response) {
            answer(request, response);
            return HandlerResponse::Handled;
        });
        for (int i = 0; i < threads + streams_max; ++i) threads_.emplace_back([this] { serve(); });
    }
    ~Server() override {
        svr_sock_ = INVALID_SOCKET;
        ::eventfd_write(stop_.get(), 1);
        desk_.close();
    }

    const Address& address() const { return address_; }
    Desk& desk() { return desk_; }

    void show(Snapshot snapshot) {
        auto shown = std::make_shared<const Snapshot>(std::move(snapshot));
        const std::lock_guard lock(mutex_);
        shown_.swap(shown);
        shown_at_ = now();
    }

private:
    using Request = httplib::Request;
    using Response = httplib::Response;

    void serve() {
        while (true) {
            if (!wait_until(listener_.get(), POLLIN, stop_.get(), now() + std::chrono::hours(1))) {
                if (wait_until(stop_.get(), POLLIN, -1, Instant())) return;
                continue;
            }
            Descriptor socket(
                ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (!socket) {
                // Another thread was faster, or there are no descriptors left.
                if (errno != EAGAIN) wait_until(-1, 0, stop_.get(), now() + again);
                continue;
            }
            Connection connection(std::move(socket), stop_.get());
            try {
                bool closed = false;
                // Parts of an answer, in any number, could be far more than all of it.
                process_request(connection, true, closed, [&](Request& request) {
                    request.ranges.clear();
                    if (request.path == stream_path) connection.stream();
                });
            } catch (const std::exception&) {
                continue;  // what it asked for makes no sense
            }
            if (connection.was_too_large()) connection.Stream::write(too_large);
        }
    }

    void answer(const Request& request, Response& response) {
        response.set_header("Cache-Control", "no-store");
        response.set_header("X-Content-Type-Options", "nosniff");
        if (request.method == "POST" && request.path == "/api/cancel") {
            return answer_cancel(request, response);
        }
        if (request.method != "GET" && request.method != "HEAD") {
            response.set_header("Allow", "GET, HEAD");
            return say(response, 405, "here one can only GET");
        }
        if (request.path == "/healthz") return answer_healthz(response);
        if (answer_asset(request, response)) return;
        if (!may_look(request)) {
            response.set_header("WWW-Authenticate", "Bearer");
            return say(response, 401, "this needs Authorization: Bearer TOKEN");
        }
        if (const auto found = own_.find(request.path); found != own_.end()) {
            return found->second(request, response);
        }
        const auto page = pages_.page(request.path, request.target, now());
        if (!page) {
            return say(response, 404,
                       "there is no such page; there are /, /metrics, /healthz and /desired");
        }
        send(*page, response);
    }

    // What the page is made of has no secrets: a browser fetches it before it can ask for a token.
    static bool answer_asset(const Request& request, Response& response) {
        const std::optional<Asset> asset = asset_at(request.path);
        if (!asset) return false;
        response.set_header("Content-Security-Policy", page_policy);
        response.set_header("Referrer-Policy", "no-referrer");
        response.status = 200;
        response.set_content(std::string(text_of(*asset)), std::string(asset->type));
        return true;
    }

    // A page of somebody else's cannot make a browser send this along.
    bool shows(const Request& request, const std::string& token) const {
        return !token.empty() && same(request.get_header_value("Authorization"), "Bearer " + token);
    }

    bool may_look(const Request& request) const {
        if (shows(request, tokens_.admin)) return true;
        if (!tokens_.read.empty()) return shows(request, tokens_.read);
        if (!is_here(address_.host) || !request.has_header("Host")) return true;
        // A browser on this machine may have been led here under another name.
        Result<Address> host = address_from(request.get_header_value("Host"), {});
        return host && is_here(host->host);
    }

    void answer_cancel(const Request& request, Response& response) {
        if (!shows(request, tokens_.admin)) {
            response.set_header("WWW-Authenticate", "Bearer");
            return say(response, 401, "this needs the administrator's token");
        }
        send(pages_.cancel(request.target), response);
    }

    static void send(const Page& page, Response& response) {
        response.status = page.status;
        response.set_content(page.text, page.type);
    }

    void answer_healthz(Response& response) const {
        const auto [shown, silent] = last();
        if (shown && silent < silence_max) return say(response, 200, "ok");
        say(response, 503, "the broker's loop does not turn");
    }

    void answer_metrics(Response& response) const {
        const auto [shown, silent] = last();
        if (!shown) return say(response, 503, "the broker's loop does not turn");
        response.status = 200;
        response.set_content(metrics_text(*shown), metrics_type);
    }

    // A stream has its thread for as long as it lasts.
    void answer_stream(const Request& request, Response& response) {
        if (++streams_ > streams_max) {
            --streams_;
            response.set_header("Retry-After", "10");
            return say(response, 503, "too many others follow a run");
        }
        std::uint64_t from = 0;
        const std::string last_id = request.get_header_value("Last-Event-ID");
        std::from_chars(last_id.data(), last_id.data() + last_id.size(), from);
        auto stream = std::make_shared<RunStream>(pages_.stream(request.target, from));
        response.status = 200;
        response.set_chunked_content_provider(
            "text/event-stream",
            [this, stream](std::size_t, httplib::DataSink& sink) {
                const auto wait = [this](Duration time) {
                    return !wait_until(stop_.get(), POLLIN, -1, now() + time);
                };
                const std::optional<std::string> text = stream->next(wait);
                if (text) return sink.write(text->data(), text->size());
                sink.done();
                return true;
            },
            [this](bool) { --streams_; });
    }

    void answer_desired(const Request& request, Response& response) const {
        std::optional<LabelFilter> filter;
        if (const auto label = parameter_of(request.target, "label")) {
            filter = label_filter_from(*label);
            if (!filter) return say(response, 400, "label takes NAME=VALUE");
        }
        const auto [shown, silent] = last();
        if (!shown) return say(response, 503, "the broker's loop does not turn");
        response.status = 200;
        response.set_content(desired_json(*shown, filter), "application/json");
    }

    std::pair<std::shared_ptr<const Snapshot>, Duration> last() const {
        const std::lock_guard lock(mutex_);
        return {shown_, now() - shown_at_};
    }

    Address address_;
    HttpTokens tokens_;
    Descriptor listener_;
    Descriptor stop_;
    // By their paths.
    const std::map<std::string, std::function<void(const Request&, Response&)>> own_ = {
        {"/desired",
         [this](const auto& request, auto& response) { answer_desired(request, response); }},
        {"/metrics", [this](const auto&, auto& response) { answer_metrics(response); }},
        {stream_path,
         [this](const auto& request, auto& response) { answer_stream(request, response); }}};
    Desk desk_;
    Pages pages_{desk_};
    std::atomic<int> streams_ = 0;
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> shown_;
    Instant shown_at_;
    std::vector<std::jthread> threads_;
};

Http::Http(const Address& address, HttpTokens tokens)
    : server_(std::make_unique<Server>(address, std::move(tokens))) {}

Http::~Http() = default;

std::string Http::address() const { return text_of(server_->address()); }

Desk& Http::desk() { return server_->desk(); }

void Http::show(Snapshot snapshot) { server_->show(std::move(snapshot)); }

}  // namespace xgrid::broker
