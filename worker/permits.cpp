#include "worker/permits.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>

namespace xgrid::worker {

bool Permits::create() {
    descriptor_ = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE));
    return bool(descriptor_);
}

Descriptor Permits::copy() const {
    return Descriptor(fcntl(descriptor_.get(), F_DUPFD_CLOEXEC, 0));
}

void Permits::add(std::uint64_t count) {
    // Fails only when nearly 2^64 are there.
    [[maybe_unused]] const int added = eventfd_write(descriptor_.get(), count);
}

std::size_t Permits::take(std::size_t count) {
    std::size_t taken = 0;
    for (eventfd_t one = 0; taken < count; ++taken) {
        if (eventfd_read(descriptor_.get(), &one) != 0) break;
    }
    return taken;
}

}  // namespace xgrid::worker
