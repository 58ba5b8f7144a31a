// What programs have said when they were asked for their tests, shared by the slots that one
// process has started: what one of them has asked, the others of its run need not ask again.
//
// They lie in memory that all slots inherit, and that goes with them. Nothing depends on it: where
// it cannot be used, a program is asked once more.
#pragma once

#include <functional>
#include <string>

#include "shared/descriptor.hpp"
#include "shared/result.hpp"
#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

class SharedAnswers {
public:
    SharedAnswers();

    /// The answer of that name, from whoever was the first to ask: the others wait for it. One that
    /// failed is not kept.
    Result<Ran> get(const std::string& name, const std::function<Result<Ran>()>& ask) const;
    /// While nobody asks.
    void forget() const;

private:
    Descriptor memory_;
};

}  // namespace xgrid::worker::native
