#include "broker/desk.hpp"

#include <chrono>
#include <sys/eventfd.h>

namespace xgrid::broker {
namespace {

constexpr auto patience = std::chrono::seconds(5);

}  // namespace

Desk::Desk() : there_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

std::optional<Desk::Reply> Desk::put(Question question) {
    auto open = std::make_unique<Open>();
    open->question = std::move(question);
    std::future<Reply> reply = open->reply.get_future();
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || open_.size() >= open_max) return std::nullopt;
        open_.push_back(std::move(open));
        ::eventfd_write(there_.get(), 1);
    }
    if (reply.wait_for(patience) != std::future_status::ready) return std::nullopt;
    try {
        return reply.get();
    } catch (const std::future_error&) {
        return std::nullopt;  // nobody will say anything
    }
}

std::unique_ptr<Desk::Open> Desk::take() {
    const std::lock_guard lock(mutex_);
    if (open_.empty()) return nullptr;
    std::unique_ptr<Open> next = std::move(open_.front());
    open_.pop_front();
    eventfd_t count = 0;
    if (open_.empty()) ::eventfd_read(there_.get(), &count);
    return next;
}

void Desk::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    open_.clear();
}

}  // namespace xgrid::broker
