// A broker's port for HTTP. It has threads of its own, which see nothing of the broker but the
// last snapshot: however many ask, and however slowly, the loop is not held up.
//
//   /healthz   200 as long as the loop turns, else 503
//   /desired   broker/desired.hpp; ?label=NAME=VALUE
//
// Only what is asked for in a few kilobytes and seconds is answered, and each connection once. With
// a token all but /healthz is for those who show it (Authorization: Bearer TOKEN). cpp-httplib ends
// here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "broker/snapshot.hpp"
#include "shared/address.hpp"

namespace xgrid::broker {

/// The one in the file, which is made if it is not there. Throws Fatal: it cannot be read, or is
/// not this user's alone.
std::string http_token(const std::filesystem::path& file);

class Http {
public:
    /// An empty token: none is asked for. Port 0: one of the system's choice. Throws Fatal if it
    /// cannot listen there. Block signals before: threads start here.
    Http(const Address& address, std::string token);
    Http(const Http&) = delete;
    Http& operator=(const Http&) = delete;
    ~Http();

    /// With the port that it has.
    std::string address() const;
    /// What there is now. To be called at least every few seconds, as a sign of life.
    void show(Snapshot snapshot);

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace xgrid::broker
