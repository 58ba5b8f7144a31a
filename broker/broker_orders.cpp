// What workers hear: orders, sent or published.
#include <algorithm>
#include <utility>

#include "broker/broker.hpp"

namespace xgrid::broker {

// What every worker with some labels is to know: the runs that are announced to it, and no more.
Orders Broker::announcement(const std::string& topic) const {
    Orders orders{.broker = token_, .number = announcements_.number(topic)};
    for (const std::string& id : announcements_.runs(topic)) {
        orders.runs.push_back({.run = id, .spec = runs_.at(id)->run.spec()});
    }
    return orders;
}

// Who comes late hears what the others have heard.
Effects Broker::subscribed(const std::string& topic) {
    announcements_.subscribe(topic);
    const std::uint64_t number = announcements_.number(topic);
    if (number == 0) return {};
    return {.publish = {{topic, number, announcement(topic)}}};
}

void Broker::unsubscribed(const std::string& topic) { announcements_.unsubscribe(topic); }

bool Broker::listens(WorkerKey key) const {
    if (settings_.topics.empty()) return false;
    const Worker& worker = workers_.all().at(key);
    const auto used = used_.find(key);
    if (used == used_.end() || !worker.follows) return false;
    const bool each = std::ranges::any_of(
        used->second, [&](const auto& entry) { return runs_.at(entry.first)->run.spec().each; });
    return each && announcements_.listened(topic_of_session(worker.session));
}

void Broker::announce_runs(WorkerKey key, Effects& effects) {
    const std::string topic = topic_of_labels(workers_.at(key).labels);
    if (!announcements_.listened(topic)) return;
    bool is_news = false;
    for (const auto& [id, used] : used_[key]) {
        if (!runs_.at(id)->run.spec().each) continue;
        is_news = announcements_.announce(topic, id) || is_news;
    }
    if (is_news) {
        effects.publish.push_back({topic, announcements_.number(topic), announcement(topic)});
    }
}

// What is published may leave out what was announced, and is sent if that is not heard of.
bool Broker::knows(const Worker& worker, const std::string& run, bool published) const {
    if (worker.runs.contains(run)) return true;
    if (settings_.topics.empty()) return false;
    const std::string topic = topic_of_labels(worker.labels);
    const std::uint64_t number = announcements_.announced(topic, run);
    if (number == 0 || published) return number != 0;
    const auto heard = worker.heard.find(topic);
    return heard != worker.heard.end() && heard->second >= number;
}

void Broker::hear_acknowledged(Instant now, WorkerKey key) {
    Worker& worker = workers_.at(key);
    if (worker.published == 0) return;
    const auto heard = worker.heard.find(topic_of_session(worker.session));
    if (heard == worker.heard.end() || heard->second < worker.published) return;
    const bool has_all = std::ranges::all_of(
        used_[key], [&](const auto& used) { return worker.runs.contains(used.first); });
    if (!has_all) return;
    if (worker.orders_due == worker.answer_due) {
        workers_.plan_orders(key, now + settings_.heartbeat);
    }
    worker.answer_due = never;
    worker.deaf = false;
}

Orders Broker::orders_for(WorkerKey key, bool published) const {
    const Worker& worker = workers_.all().at(key);
    Orders orders{.broker = token_, .session = worker.session, .number = last_orders_};
    const auto used = used_.find(key);
    if (used == used_.end()) return orders;
    for (const auto& [id, slots] : used->second) {
        const Submission& run = runs_.at(id)->run;
        RunOrders& about = orders.runs.emplace_back(RunOrders{.run = id});
        if (!knows(worker, id, published)) about.spec = run.spec();
        for (const auto& lane : run.lanes()) add_orders(worker, key, *lane, orders);
    }
    return orders;
}

void Broker::add_orders(const Worker& worker, WorkerKey key, const Run& lane, Orders& orders) {
    for (const SlotKey key_of_slot : lane.slots_on(key)) {
        const std::string name = lane.name_of(key_of_slot);
        const Slot& slot = lane.slots().at(key_of_slot);
        orders.runs.back().slots.push_back(name);
        for (const std::uint64_t id : slot.jobs) {
            const Job& job = *lane.find(id);
            const Attempt& attempt = *job.attempt;
            AttemptOrders& order =
                orders.attempts.emplace_back(AttemptOrders{.id = {job.id, attempt.number},
                                                           .run = lane.id(),
                                                           .slot = name,
                                                           .recorded = attempt.recorded,
                                                           .give_back = attempt.asked,
                                                           .keep = attempt.keep,
                                                           .collected = slot.collected,
                                                           .environment = slot.environment});
            if (!worker.shown.contains(order.id)) order.body = job.body;
        }
    }
}

void Broker::send_orders(Instant now, WorkerKey key, Effects& effects) {
    Worker& worker = workers_.at(key);
    if (now >= worker.answer_due) {
        worker.deaf = true;
        worker.answer_due = never;
    }
    Instant again = now + settings_.heartbeat;
    const bool published = listens(key);
    if (published) announce_runs(key, effects);
    ++last_orders_;
    Orders orders = orders_for(key, published && !worker.deaf);
    if (published) {
        worker.published = announcements_.next_number();
        effects.publish.push_back({topic_of_session(worker.session), worker.published, orders});
        if (!worker.deaf) {
            worker.answer_due = std::min(worker.answer_due, now + settings_.topic_patience);
            again = worker.answer_due;
        }
    }
    // To who did not hear the last one: also published, as it may hear again.
    if (!published || worker.deaf) effects.send.push_back({worker.peer, std::move(orders)});
    workers_.plan_orders(key, again);
}

}  // namespace xgrid::broker
