#include "broker/loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <malloc.h>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/access.hpp"
#include "broker/answers.hpp"
#include "broker/archive.hpp"
#include "broker/broker.hpp"
#include "broker/clock.hpp"
#include "broker/history.hpp"
#include "broker/http.hpp"
#include "broker/inbox.hpp"
#include "broker/journal.hpp"
#include "broker/objects.hpp"
#include "broker/viewing.hpp"
#include "shared/codec.hpp"
#include "shared/curve.hpp"
#include "shared/endpoint.hpp"
#include "shared/ensure.hpp"
#include "shared/key_words.hpp"
#include "shared/notices.hpp"
#include "shared/process.hpp"
#include "shared/signals.hpp"
#include "shared/socket.hpp"
#include "shared/weight.hpp"

namespace xgrid::broker {
namespace {

// Messages taken in one turn, so that deadlines are met under any load.
constexpr int messages_per_turn = 256;
// Likewise, after answers with so many bytes, which are all held until what they follow from is
// kept: a question takes few, and its answer may take a megabyte.
constexpr std::size_t answer_bytes_per_turn = std::size_t{16} * 1024 * 1024;
// Fetching one takes a fraction of what it took to come, so that they do not pile up before.
constexpr int messages_fetched_per_turn = 10'000;

// A message with content has a megabyte, and comes and goes in three copies. By default libc gives
// that memory back each time, and half of what a message costs is having it zeroed anew.
constexpr int kept_bytes_max = 16 * 1024 * 1024;
void keep_freed_memory() {
    mallopt(M_MMAP_THRESHOLD, kept_bytes_max);
    mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
}

// A broker that was not there for longer, being stopped, asleep or without room on its disk, has
// not seen that time pass: nobody was silent meanwhile.
constexpr Duration absence_least = std::chrono::seconds(1);
constexpr Duration keep_again = std::chrono::seconds(1);
constexpr Duration prune_interval = std::chrono::hours(1);
constexpr Duration show_interval = std::chrono::seconds(1);
constexpr int http_answers_per_turn = 4;

// Bytes of code in it, as they travel.
std::uint64_t travelling_bytes(const Message& message) {
    const auto* content = std::get_if<Content>(&message);
    if (content == nullptr) return 0;
    std::uint64_t bytes = content->packed.size();
    for (const Piece& piece : content->pieces) bytes += piece.bytes.size();
    return bytes;
}

std::filesystem::path history_file(const std::filesystem::path& folder) {
    return folder / "history.db";
}

class Loop {
public:
    explicit Loop(const Options& options)
        : notices_("broker", options.log_json),
          signals_({SIGTERM, SIGINT, SIGHUP}),
          options_(options),
          rules_(options.config.rules),
          journal_(open_journal(options)),
          access_(options.keys ? std::make_unique<Access>(context_, options.data, rules_.limits,
                                                          test_counter(), notices_)
                               : nullptr),
          router_(context_, options.bind, secret()),
          topics_(publisher(topics_beside(options.bind))),
          core_(journal_ ? journal_->token() : random_token(),
                {.worker_lease = options.config.start.worker_lease,
                 .client_lease = options.config.start.client_lease,
                 .topics = topics_ ? topics_->endpoint() : "",
                 .journal = journal_.has_value(),
                 .shares = rules_.shares}),
          objects_(options.data / "objects", options.objects_bytes_max),
          history_(options.embedded ? options.history : history_file(options.data),
                   options.history_project, [this](const std::string& why) {
                       if (!options_.embedded) return notices_.say(Level::warning, why);
                       fmt::print(stderr, "xgrid: warning: {}\n", why);
                   }) {
        if (access_) {
            core_.tell_users(
                [this](const std::string& peer) { return access_->guard().user_of(peer); });
        }
        if (journal_) resume();
        if (options.http) {
            http_.emplace(
                *options.http,
                HttpTokens{
                    .read = options.http_token ? http_token(options.data / "http-token") : "",
                    .admin = http_token(options.data / "http-admin-token")});
            show();
        }
    }

    void run() {
        Instant back_by = clock_.now();
        while (!is_to_end()) {
            const Instant begun_at = clock_.now();
            if (std::exchange(read_again_, false)) read_rules();
            if (clock_.now() > back_by + absence_least) clock_.leave_out(clock_.now() - back_by);
            if (access_) heed_keys();
            bool more = hear_peers();
            look_at_runs();
            hear_listeners();
            carry_out(core_.advance(clock_.now()));
            carry_out(objects_.advance(clock_.now()));
            send_kept();
            more = answer_http() || more;
            history_.write(clock_.now(), wall_time());
            prune();
            show();
            std::vector<zmq::pollitem_t> items = {router_.poll_item(),
                                                  {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0}};
            if (topics_) items.push_back(topics_->poll_item());
            Instant until = std::min(
                {core_.next_deadline(), objects_.next_deadline(), history_.next_deadline()});
            if (access_) {
                items.push_back(access_->poll_item());
                until = std::min(until, access_->next_look());
            }
            if (http_) {
                items.push_back({nullptr, http_->desk().descriptor(), ZMQ_POLLIN, 0});
                until = std::min(until, show_at_);
            }
            measures_.turn.observe(clock_.now() - begun_at);
            const Duration wait = more             ? Duration(0)
                                  : until == never ? std::chrono::hours(1)
                                                   : until - clock_.now();
            back_by = clock_.now() + std::max(wait, Duration(0));
            wait_for(items, wait);
        }
        look_at_runs();
        history_.finish(wall_time());
    }

    const Notices& notices() const { return notices_; }
    std::string endpoint() const { return router_.endpoint(); }
    const Access* access() const { return access_.get(); }
    const Http* http() const { return http_ ? &*http_ : nullptr; }

private:
    // A terminal that has gone takes along those who were started there.
    bool is_to_end() {
        while (const std::optional<int> signal = signals_.next()) {
            const bool left = options_.embedded || (had_terminal_ && isatty(STDIN_FILENO) == 0);
            if (*signal != SIGHUP || left) return true;
            read_again_ = true;
        }
        return false;
    }

    void read_rules() {
        const std::string file = options_.config_file.path.string();
        Result<Config> config = read_config(options_.config_file);
        if (!config) {
            return notices_.say(Level::warning,
                                "goes on with the rules as they were: " + config.error());
        }
        rules_ = config->rules;
        if (access_) access_->limit(rules_.limits);
        core_.set_shares(rules_.shares);
        prune_at_ = Instant();
        const bool restart = config->start != options_.config.start;
        notices_.say(
            fmt::format("goes on with the rules in {}{}", file,
                        restart ? "; what is new in it beside [limits], [users] and [keep] counts "
                                  "from the next start on"
                                : ""));
    }

    Guard::CountTests test_counter() {
        return [this](const std::string& run) {
            const Submission* open = core_.find(run);
            return open == nullptr ? 0 : open_tests(*open);
        };
    }

    void show() {
        if (!http_ || clock_.now() < show_at_) return;
        show_at_ = clock_.now() + show_interval;
        const auto asked = [&](Question question) {
            return core_.ask(clock_.now(), {.question = question});
        };
        http_->show({.workers = asked(Question::workers).workers,
                     .wanted = asked(Question::wanted).wanted,
                     .counts = core_.counts(),
                     .measures = core_.measures(),
                     .loop = measures_,
                     .version = options_.version});
    }

    // What is kept, and a little at a time. True: there is more to answer.
    bool answer_http() {
        if (!http_) return false;
        for (int answered = 0; answered < http_answers_per_turn; ++answered) {
            const std::unique_ptr<Desk::Open> open = http_->desk().take();
            if (!open) return false;
            std::visit([&](const auto& question) { open->reply.set_value(reply_to(question)); },
                       open->question);
        }
        return true;
    }

    Desk::Reply reply_to(const EventsAsked& asked) {
        return events_for(core_, journal_ ? &*journal_ : nullptr, asked);
    }
    Desk::Reply reply_to(const Ask& ask) {
        if (ask.question == Question::history || ask.question == Question::flakes) {
            return Answer{.tests = history_.answer(ask, wall_time())};
        }
        return answer_for(clock_.now(), wall_time(), core_, journal_ ? &*journal_ : nullptr, ask);
    }
    Desk::Reply reply_to(const Cancel& cancel) {
        const Submission* run = core_.find_beginning(cancel.run);
        if (run == nullptr) return Answer{.trouble = "there is no such run that goes on"};
        const std::string id = run->id();
        notices_.say("cancels " + id + ", as it was told to over HTTP");
        carry_out(core_.receive(clock_.now(), "", Cancel{id}));
        send_kept();
        return Answer();
    }

    std::optional<CurveKey> secret() const {
        return access_ ? std::optional(access_->secret()) : std::nullopt;
    }

    // Without a place for it nothing is published, and everything sent.
    std::optional<Publisher> publisher(const std::string& endpoint) {
        try {
            return std::optional<Publisher>(std::in_place, context_, endpoint, secret());
        } catch (const Fatal&) {
            return std::nullopt;
        }
    }

    static std::optional<Journal> open_journal(const Options& options) {
        if (options.embedded) return std::nullopt;
        Result<Journal> journal = Journal::open(options.data);
        if (!journal) throw Fatal(journal.error(), 3);
        return std::optional<Journal>(std::move(*journal));
    }

    void resume() {
        Result<std::vector<JournalEntry>> entries = journal_->entries();
        if (!entries) throw Fatal(entries.error(), 3);
        Instant last;
        for (const JournalEntry& entry : *entries) {
            std::visit(
                [&](const auto& one) {
                    if constexpr (requires { one.at; }) last = std::max(last, instant_of(one.at));
                },
                entry);
        }
        clock_.begin_at(last);
        for (const JournalEntry& entry : *entries) {
            const auto* begun = std::get_if<RunBegun>(&entry);
            if (!access_ || begun == nullptr) continue;
            access_->own(clock_.both(), begun->submit.run, begun->submit.order.user);
        }
        carry_out(core_.restore(clock_.now(), journal_->life(), journal_->runs(), *entries));
        for (const JournalEntry& entry : *entries) {
            const auto* begun = std::get_if<RunBegun>(&entry);
            if (begun != nullptr && core_.find(begun->submit.run) != nullptr) {
                history_.begin(begun->submit);
            }
        }
        send_kept();
    }

    void heed_keys() {
        const Guard::Cut cut = access_->look(clock_.both());
        for (const auto& [peer, why] : cut.peers) {
            router_.send(peer, encode(Message(Refusal{why})));
            carry_out(core_.drop(clock_.now(), peer));
        }
        for (const std::string& run : cut.runs)
            carry_out(core_.receive(clock_.now(), "", Cancel{run}));
        if (cut.listener) turn_listeners_out();
        if (!topics_ && !topics_at_.empty()) topics_ = publisher(topics_at_);
        // Only now, so that a key that was just allowed gets in.
        access_->answer(clock_.both());
    }

    // libzmq closes no single connection. Those who may listen come back by themselves, as soon as
    // the system lets us have the place again.
    void turn_listeners_out() {
        if (!topics_) return;
        topics_at_ = topics_->endpoint();
        topics_.reset();
        for (const std::string& topic : std::exchange(heard_topics_, {})) {
            core_.unsubscribed(topic);
        }
    }

    // True: there is more to hear.
    bool hear_peers() {
        fetch();
        for (int taken = 0; taken < messages_per_turn; ++taken) {
            if (turn_bytes_ > answer_bytes_per_turn) return true;
            const std::optional<Received> received = inbox_.take();
            if (!received) return false;
            take(*received);
        }
        return true;
    }

    void fetch() {
        for (int fetched = 0; fetched < messages_fetched_per_turn; ++fetched) {
            std::optional<Received> received = router_.receive();
            if (!received) return;
            inbox_.put(*std::move(received));
        }
    }

    void hear_listeners() {
        if (!topics_) return;
        for (int taken = 0; taken < messages_per_turn; ++taken) {
            const auto subscription = topics_->receive();
            if (!subscription) return;
            if (subscription->begins) {
                heard_topics_.insert(subscription->topic);
                carry_out(core_.subscribed(subscription->topic));
            } else {
                heard_topics_.erase(subscription->topic);
                core_.unsubscribed(subscription->topic);
            }
        }
    }

    void take(const Received& received) {
        const Instant now = clock_.now();
        if (received.frames.empty()) {
            if (access_ && !access_->greets(clock_.both(), received)) return;
            return carry_out(core_.connect(now, received.peer));
        }
        Result<Message> message = decode(received.views());
        if (!message) return carry_out(core_.refuse(received.peer, message.error()));
        if (access_) {
            const Guard::Verdict verdict = access_->hear(
                clock_.both(), received, *message,
                [this](const std::string& run) { return core_.find(run) != nullptr; });
            if (!verdict.refusal.empty()) carry_out(core_.refuse(received.peer, verdict.refusal));
            if (!verdict.passes) return;
        }
        measures_.bytes_from_clients += travelling_bytes(*message);
        if (const auto sends = objects_.receive(now, received.peer, *message)) {
            carry_out(*sends);
            if (const auto* offer = std::get_if<Offer>(&*message)) keep(received.peer, *offer);
            return;
        }
        if (const RunOver* over = find_over(*message)) {
            if (auto answer = answer_for(*over, *message)) {
                carry_out(Effects{.send = {{received.peer, *std::move(answer)}}});
            }
            return;
        }
        const auto* submit = std::get_if<Submit>(&*message);
        const bool begins = submit != nullptr && core_.find(submit->run) == nullptr;
        Effects effects = core_.receive(now, received.peer, *message);
        const auto* ask = std::get_if<Ask>(&*message);
        if (ask != nullptr && ask->question == Question::runs) add_over(effects);
        if (ask != nullptr) add_history(*ask, effects);
        carry_out(std::move(effects));
        if (begins) expect(*submit);
        if (submit != nullptr && !begins && history_.hear_changes(*submit)) expect_of(*submit);
    }

    // Not before its first job is on its way.
    void expect(const Submit& submit) {
        if (core_.find(submit.run) == nullptr) return;
        history_.begin(submit);
        expect_of(submit);
    }

    void expect_of(const Submit& submit) {
        carry_out(core_.expect(clock_.now(), submit.run, history_.expectations(submit)));
    }

    void look_at_runs() {
        history_.look(clock_.now(), [this](const std::string& run) { return core_.find(run); });
    }

    void add_history(const Ask& ask, Effects& effects) {
        if (ask.question != Question::history && ask.question != Question::flakes) return;
        for (Send& send : effects.send) {
            auto* answer = std::get_if<Answer>(&send.message);
            if (answer != nullptr) answer->tests = history_.answer(ask, wall_time());
        }
    }

    // The run itself comes on another connection: until it is there, the offer is said again.
    void keep(const std::string& from, const Offer& offer) {
        const Submission* run = offer.whole ? core_.find(offer.run) : nullptr;
        if (run == nullptr || !run->spec().tree) return;
        carry_out(objects_.keep(clock_.now(), from, offer.run, run->spec().tree->id));
    }

    // The run that it is about, if the core has forgotten it.
    const RunOver* find_over(const Message& message) {
        const std::string* run = journal_ ? run_asked_for(message) : nullptr;
        return run == nullptr || core_.find_beginning(*run) != nullptr ? nullptr
                                                                       : journal_->find_over(*run);
    }

    void add_over(Effects& effects) {
        if (!journal_) return;
        for (Send& send : effects.send) {
            auto* answer = std::get_if<Answer>(&send.message);
            if (answer == nullptr) continue;
            broker::add_over(*answer, journal_->summaries(wall_time()));
        }
    }

    // What one turn brings about is kept at once, and sent when it is.
    void carry_out(Effects effects) {
        for (const Send& send : effects.send) {
            const auto* progress = std::get_if<Progress>(&send.message);
            if (progress != nullptr) turn_bytes_ += weight(*progress);
            const auto* answer = std::get_if<Answer>(&send.message);
            if (answer != nullptr) turn_bytes_ += weight(*answer);
        }
        std::ranges::move(effects.journal, std::back_inserter(turn_.journal));
        std::ranges::move(effects.send, std::back_inserter(turn_.send));
        std::ranges::move(effects.publish, std::back_inserter(turn_.publish));
        if (!journal_) send_kept();
    }

    void send_kept() {
        look_at_runs();  // what was sent may be forgotten
        const Effects turn = std::exchange(turn_, {});
        turn_bytes_ = 0;
        if (!turn.journal.empty()) keep(turn.journal);
        // One that cannot be delivered is lost; what the peer says next repairs that.
        for (const Send& send : turn.send) this->send(send.peer, send.message);
        for (const Publication& publication : turn.publish) {
            if (topics_) topics_->send(encode(publication));
        }
    }

    // Until it is kept, which may take long: that time has not passed for the core.
    void keep(const std::vector<JournalEntry>& entries) {
        const Instant since = clock_.now();
        std::optional<Error> error = journal_->keep(entries, wall_time());
        measures_.commit.observe(clock_.now() - since);
        if (!error) return;
        notices_.say(Level::error, error->text + "; waits until that is possible again");
        Instant again = since + keep_again;
        while (!is_to_end()) {
            std::vector<zmq::pollitem_t> items = {{nullptr, signals_.descriptor(), ZMQ_POLLIN, 0},
                                                  router_.poll_item()};
            wait_for(items, again - clock_.now());
            fetch();
            if (clock_.now() < again) continue;
            again = clock_.now() + keep_again;
            error = journal_->keep(entries, wall_time());
            if (error) continue;
            clock_.leave_out(clock_.now() - since);
            notices_.say("goes on");
            return;
        }
        throw Fatal("ended while its journal could not be written", 3);
    }

    void prune() {
        if (!journal_ || clock_.now() < prune_at_) return;
        prune_at_ = clock_.now() + prune_interval;
        journal_->prune(wall_time(), rules_.kept_age, rules_.kept_bytes);
    }

    void carry_out(const Hub::Sends& sends) {
        for (const auto& [peer, message] : sends) {
            measures_.bytes_to_workers += travelling_bytes(message);
            send(peer, message);
        }
    }

    void send(const std::string& peer, const Message& message) {
        if (access_ && !access_->guard().may_hear(peer)) return;
        const auto* welcome = std::get_if<Welcome>(&message);
        router_.send(peer, welcome == nullptr ? encode(message)
                                              : encode(Message(completed(peer, *welcome))));
    }

    Welcome completed(const std::string& peer, Welcome welcome) const {
        welcome.version = options_.version;
        if (access_) welcome.user = access_->guard().user_of(peer);
        if (access_ && !access_->guard().may_listen(peer)) welcome.topics.clear();
        return welcome;
    }

    Notices notices_;
    Signals signals_;
    const bool had_terminal_ = isatty(STDIN_FILENO) != 0;
    bool read_again_ = false;  // its rules
    Clock clock_;
    const Options& options_;
    Rules rules_;
    std::optional<Journal> journal_;
    Context context_;
    std::unique_ptr<Access> access_;  // none: no keys
    Router router_;
    Inbox<Received> inbox_;
    std::optional<Publisher> topics_;
    std::string topics_at_;               // not empty: where it is to be again
    std::set<std::string> heard_topics_;  // that somebody listens to
    Broker core_;
    Objects objects_;
    History history_;
    Effects turn_;
    std::size_t turn_bytes_ = 0;  // of answers in it
    LoopMeasures measures_;
    Instant prune_at_;
    Instant show_at_;
    std::optional<Http> http_;
};

void announce(const Options& options, const Loop& loop) {
    const Notices& notices = loop.notices();
    notices.say("listening on " + options.bind);
    if (const Http* http = loop.http()) {
        const std::string file = (options.data / "http-token").string();
        notices.say(fmt::format(
            "answers to HTTP on {}{}", http->address(),
            options.http_token ? fmt::format("; asks for the bearer token in {}", file) : ""));
    }
    if (const Access* access = loop.access()) {
        const std::string key = text_of_public(public_of(access->secret()));
        notices.say("asks for keys; its own is " + key);
        notices.say(fmt::format("clients and workers need --broker {} --broker-key {}",
                                loop.endpoint(), key));
        if (access->guard().keys().all().empty()) {
            notices.say(fmt::format(
                "nobody is let in yet: xgrid keys allow KEY --name NAME --role ROLE --data {}",
                options.data.string()));
        }
    } else if (!is_on_this_machine(options.bind)) {
        notices.say(Level::warning,
                    "warning: --insecure: whoever can reach it can run programs on every worker");
    }
}

}  // namespace

Result<std::vector<TestHistory>> recorded_history(const std::filesystem::path& file,
                                                  const Ask& ask) {
    std::error_code none;
    if (!std::filesystem::exists(file, none)) return std::vector<TestHistory>();
    std::string trouble;
    History history(file, "", [&](const std::string& why) { trouble = why; });
    if (!trouble.empty()) return Error{trouble};
    return history.answer(ask, wall_time());
}

int run(const Options& options) {
    return run_told(Notices("broker", options.log_json), [&] {
        raise_descriptor_limit();
        keep_freed_memory();
        Loop loop(options);
        if (!options.embedded) announce(options, loop);
        loop.run();
        return 0;
    });
}

}  // namespace xgrid::broker
