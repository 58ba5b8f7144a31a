// A broker's port for HTTP. It has threads of its own, which see nothing of the broker but the
// last snapshot, and what the loop says to questions that lie on a desk: however many ask, and
// however slowly, the loop is not held up.
//
//   /                     the web page (broker/assets.hpp)
//   /api/...              what it asks for (broker/pages.hpp)
//   /api/stream?run=RUN   a run's events as they come, as server-sent events
//   (broker/page_json.hpp);
//                         Last-Event-ID: from there on
//   POST /api/cancel?run=RUN   cancels it; for those who show the administrator's token
//   /metrics              broker/metrics.hpp
//   /healthz              200 as long as the loop turns, else 503
//   /desired              broker/desired.hpp; ?label=NAME=VALUE
//
// Only what is asked for in a few kilobytes and seconds is answered, and each connection once. With
// a token all but /healthz and the page's files is for those who show it (Authorization: Bearer
// TOKEN). cpp-httplib ends here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "broker/desk.hpp"
#include "broker/snapshot.hpp"
#include "shared/address.hpp"

namespace xgrid::broker {

/// The one in the file, which is made if it is not there. Throws Fatal: it cannot be read, or is
/// not this user's alone.
std::string http_token(const std::filesystem::path& file);

/// What those show who ask.
struct HttpTokens {
    std::string read;   // empty: everybody may look
    std::string admin;  // who shows it may cancel runs, too
};

class Http {
public:
    /// Port 0: one of the system's choice. Throws Fatal if it cannot listen there. Block signals
    /// before: threads start here.
    Http(const Address& address, HttpTokens tokens);
    Http(const Http&) = delete;
    Http& operator=(const Http&) = delete;
    ~Http();

    /// With the port that it has.
    std::string address() const;
    /// What there is now. To be called at least every few seconds, as a sign of life.
    void show(Snapshot snapshot);
    /// What is asked there is to be answered in each turn.
    Desk& desk();

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace xgrid::broker
