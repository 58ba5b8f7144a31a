// The client's core: one run, submitted and followed to its end, whatever happens to the broker or
// the connection. Pure: messages and time go in; messages, and the run's events in order, come out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/import_warnings.hpp"
#include "shared/instant.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

struct Settings {
    /// The broker hears at least so often, and answers.
    Duration follow = std::chrono::seconds(1);
    /// A broker that is silent for so long is given up.
    Duration broker_silence_max = std::chrono::seconds(30);
    /// A run of a shared broker that has no slot for so long asks why.
    Duration wait_asked = std::chrono::seconds(5);
    /// Its user is told another reason at most so often.
    Duration wait_told = std::chrono::seconds(60);
    /// So often code that changed before it was sent is taken again.
    std::uint32_t retakes_max = 3;
};

struct Effects {
    std::vector<Message> send;  // to the broker
    std::vector<Event> events;  // that are new; each test's verdict, unit, end of an environment,
                                // and import's warning, once
    std::vector<std::string> notes;  // for the user: why the run waits
    std::string trouble;             // not empty: the run cannot be followed any more, and why
    /// The run has ended before a slot of it began, maybe because its code changed: it is over
    /// unless retake() is called, and nobody has been told yet, which settle() does.
    bool unsent = false;
};

class Client {
public:
    /// `run` is random: no two runs in the world have the same.
    Client(std::string run, RunSpec spec, Order order = {}, Settings settings = {});
    /// Follows a run that another client has submitted, from its first event on.
    explicit Client(const Attached& attached, Settings settings = {});

    Effects receive(Instant now, const Message& message);
    /// Asks the broker to end the run; its last event tells that it has.
    Effects cancel(Instant now);
    /// An environment cannot be had, or not any more, and why: the first reason is kept.
    Effects lacks(Instant now, std::uint32_t environment, std::string why);
    /// Which paths the run's code changes, found after it was submitted.
    Effects changes(std::vector<std::string> paths);
    /// After `unsent`: the same again under another name, with the code as it is now. Nothing is
    /// lost by that, nor is anything of both mixed: no test has run.
    Effects retake(Instant now, std::string run, TreeSpec tree);
    /// After `unsent`: it has ended as the broker said.
    Effects settle();
    /// To be called when next_deadline() has passed; early calls change nothing.
    Effects advance(Instant now);
    Instant next_deadline() const { return over_ ? never : say_at_; }

    /// The last event has come, or the broker was given up.
    bool over() const { return over_; }
    /// The broker has shown that it knows the run.
    bool submitted() const { return submitted_; }
    std::uint32_t retakes() const { return retakes_; }

private:
    void take(Instant now, const Progress& progress, Effects& effects);
    bool is_new(Event& event);
    std::uint32_t apart(std::uint32_t environment) const { return spec_.each ? environment : 0; }
    bool may_be_retaken(RunEnd end, int code) const;
    void tell_held(Effects& effects);
    void forget_held();
    void set_submitted(bool submitted);
    Submit submission() const;
    void say(Instant now, Effects& effects);
    void ask_why(Instant now, Effects& effects);
    void hear_why(Instant now, const Answer& answer, Effects& effects);

    std::string run_;
    RunSpec spec_;
    Order order_;
    Settings settings_;
    bool attached_ = false;         // it is another client's
    std::size_t unsaid_bytes_ = 0;  // of events that came since we said how far we are
    std::uint64_t have_ = 0;        // events of the log that the broker keeps now
    // Each in its environment, if tests are to be run in each; else in none.
    using Unit = std::pair<std::uint32_t, std::string>;
    std::set<DoneTest> done_;                       // tests with a verdict
    std::set<Unit> named_;                          // units
    std::set<Unit> loaded_;                         // units whose tests are known
    std::vector<EnvironmentEnded> ended_;           // in that order
    std::map<std::uint32_t, std::string> lacking_;  // environments, and why
    ImportWarnings warnings_;
    bool submitted_ = false;   // the broker has shown that it knows the run
    std::uint64_t epoch_ = 0;  // grows when that changes
    bool cancelled_ = false;
    bool over_ = false;
    bool begun_ = false;  // some slot has
    std::optional<RunFinished> unsent_;
    // Ends of environments that are to be told unless the run comes again.
    std::vector<Event> held_;
    std::uint32_t retakes_ = 0;
    std::set<std::pair<std::uint32_t, std::string>> up_;  // slots that have begun, by environment
    std::optional<Instant> waits_since_;
    Instant ask_at_;
    std::uint64_t question_ = 0;
    std::string told_;  // why it waits
    Instant tell_at_;
    std::optional<Instant> heard_at_;
    Instant say_at_;
};

}  // namespace xgrid::client
