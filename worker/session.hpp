// The worker process of one session, and the connection to it: where it expects a broker, it finds
// what its client's broker says. Owns the process and its endpoint.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>

#include "shared/dialling.hpp"
#include "shared/socket.hpp"
#include "worker/listener.hpp"
#include "worker/options.hpp"

namespace xgrid::worker {

class Session {
public:
    /// Starts its worker. Throws Fatal if that cannot be done.
    Session(Context& context, const Options& options, const std::string& endpoint,
            const Listener::Start& begin);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    /// The process has to be gone.
    ~Session() = default;

    pid_t process() const { return process_; }
    /// Ends it, soon; the second time at once.
    void end();

    /// What the worker says, and on which line it belongs; none: nothing more, for now.
    struct Said {
        Line line = Line::control;
        Received message;
    };
    std::optional<Said> receive();
    void pass_on(Line line, Received&& message);
    /// What was said before may be lost: the worker says it again.
    void greet();

    zmq::pollitem_t poll_item() { return router_.poll_item(); }

private:
    Router router_;
    std::string control_;  // connections of the worker, as the router names them
    std::string content_;
    pid_t process_ = 0;
    bool ending_ = false;
};

}  // namespace xgrid::worker
