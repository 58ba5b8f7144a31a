// One warm interpreter: its process, and the requests to fork slots that it is sent, one at a time.
#pragma once

#include <deque>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "worker/descriptor.hpp"
#include "worker/frameworks/pytest_lines.hpp"
#include "worker/frameworks/warm_key.hpp"

namespace xgrid::worker {

/// What a slot has of what it shares with its worker.
struct SlotEnds {
    Descriptor socket;
    Descriptor out;
    Descriptor err;
    Descriptor jobs;   // permits
    Descriptor tests;  // permits
};

class PytestWarm {
public:
    /// Starts the process; that it cannot be started shows in gone().
    explicit PytestWarm(WarmKey key);
    PytestWarm(const PytestWarm&) = delete;
    PytestWarm& operator=(const PytestWarm&) = delete;
    ~PytestWarm();

    /// The descriptors are handed to the new slot, and closed here.
    void request(std::uint64_t key, std::string line, SlotEnds ends);
    /// Takes back a request that was not sent yet. False: it was; it is answered, perhaps with a
    /// refusal.
    bool withdraw(std::uint64_t key);

    pid_t pid() const { return pid_; }
    int control() const { return control_.get(); }
    int output() const { return output_.get(); }
    bool wants_to_write() const { return !modules_.empty(); }
    /// What it has said; when it is gone, see gone().
    std::vector<WarmLine> read();
    void write();

    /// It has been fit to start slots.
    bool was_ready() const { return ready_; }
    /// It serves no more; why not.
    bool gone() const { return gone_; }
    const std::string& why() const { return why_; }

private:
    struct Request {
        std::uint64_t key = 0;
        std::string line;
        SlotEnds ends;
    };

    void start();
    void send_next();
    void leave(std::string why);

    WarmKey key_;
    pid_t pid_ = 0;
    Descriptor control_;
    Descriptor output_;  // what it prints itself, for the reason when it fails
    std::string modules_;
    std::string text_;
    std::string printed_;
    std::deque<Request> waiting_;
    bool ready_ = false;
    bool heard_ = false;  // it has said something
    bool asked_ = false;  // a request was sent and not answered
    bool gone_ = false;
    std::string why_;
};

}  // namespace xgrid::worker
