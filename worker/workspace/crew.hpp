// Some threads at one pile of work.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace xgrid::worker {

/// Work on items, newest first, that make more of them.
template <class Item>
class Crew {
public:
    explicit Crew(std::vector<Item> items) : items_(std::move(items)) {}

    void add(Item item) {
        const std::lock_guard lock(mutex_);
        items_.push_back(std::move(item));
        changed_.notify_one();
    }

    /// Calls `work` for each item, by up to so many threads at once, this one among them; returns
    /// when all is done, or when `work` has returned false, which ends it all. `work` must not
    /// throw.
    template <class Work>
    void run(std::size_t threads, const Work& work) {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < threads; ++i) {
            others.emplace_back([this, &work] { serve(work); });
        }
        serve(work);
    }

private:
    template <class Work>
    void serve(const Work& work) {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [&] { return ended_ || !items_.empty() || busy_ == 0; });
            if (ended_ || items_.empty()) break;
            Item item = std::move(items_.back());
            items_.pop_back();
            ++busy_;
            lock.unlock();
            const bool go_on = work(item);
            lock.lock();
            --busy_;
            if (!go_on) ended_ = true;
        }
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Item> items_;
    std::size_t busy_ = 0;
    bool ended_ = false;
};

}  // namespace xgrid::worker
