// A grid of one's own: a broker and a worker as child processes, over an endpoint that nobody else
// can reach. Owns the processes, the folder of the endpoint, and that both are gone in the end.
#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

#include "client/options.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

class Embedded {
public:
    /// Starts both. To be called before any thread and any ZeroMQ context: a child runs on with a
    /// copy of this process. Throws Fatal if there is no folder for the endpoint.
    explicit Embedded(const Options& options);
    Embedded(const Embedded&) = delete;
    Embedded& operator=(const Embedded&) = delete;
    ~Embedded();

    const std::string& endpoint() const { return endpoint_; }

    /// To be called when a child has ended. Not empty: one that is needed is gone, and how.
    std::string look_after();

    /// Ends both and all that they started; returns when nothing is left.
    void end();

private:
    std::string folder_;
    std::string endpoint_;
    pid_t broker_ = 0;
    pid_t worker_ = 0;
};

/// What the history has to answer of tests that ran in such grids on this machine, for this user;
/// their projects are called as their folders.
Result<std::vector<TestHistory>> own_history(const Ask& ask);

}  // namespace xgrid::client
