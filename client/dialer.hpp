// Brings a worker that listens together with this client's broker: dials it, and carries their
// messages, on a thread and connections of its own. Owns those.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/dialling.hpp"
#include "client/environments.hpp"
#include "client/knock.hpp"
#include "shared/descriptor.hpp"
#include "shared/handshakes.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {

class Dialer {
public:
    /// `session` is random. `way` is a socket that leads to the worker; empty: its address does.
    Dialer(Context& context, std::string broker, Host host, std::string way, std::string session);
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;
    /// Ends the session.
    ~Dialer();

    const Host& host() const { return host_; }

    struct News {
        std::vector<std::string> notes;
        std::string trouble;     // not empty: there is no worker, nor will there be, and why
        bool unreached = false;  // the trouble is that nobody answers there
    };
    /// What has come up since the last time.
    News collect();
    /// Readable when collect() has something.
    int descriptor() const { return woken_.get(); }

private:
    struct Lines;

    void run();
    Result<Knocked> knock_there() const;
    /// Where the worker is; none: that it cannot be dialled was told.
    std::optional<Knocked> find();
    void serve(const Knocked& there);
    void hear_handshakes(Handshakes& handshakes, Dialling& core);
    void hear_worker(Lines& lines, Dialling& core);
    void carry_out(Lines& lines, const Dialling::Effects& effects);
    void note(const std::vector<std::string>& notes);
    void give_up(const std::string& trouble, bool unreached = false);

    Context& context_;
    std::string broker_;
    Host host_;
    std::string way_;
    std::string session_;
    Descriptor end_;
    Descriptor woken_;
    std::mutex mutex_;
    News news_;
    std::thread thread_;
};

}  // namespace xgrid::client
