// Signals as something to wait for, beside sockets, instead of something that interrupts.
#pragma once

#include <csignal>
#include <initializer_list>
#include <optional>

namespace xgrid {

/// From its making on, these signals only show here. Make it before any thread.
class Signals {
public:
    explicit Signals(std::initializer_list<int> numbers);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals();

    int descriptor() const { return descriptor_; }
    /// The next one that has come; none: no other has.
    std::optional<int> next();

private:
    int descriptor_;
};

}  // namespace xgrid
