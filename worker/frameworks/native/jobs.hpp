// A slot's work: takes orders one after the other, until the order to finish. Runs the tests of a
// unit in batches, and when a process ends in the middle of one, finds out whose doing that was:
//
//   - the test that ran then is suspected, and run once more, alone; what comes of it there counts,
//   - the others that have not run go into the next batch, or to another slot.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/frameworks/native/batches.hpp"
#include "worker/frameworks/native/channel.hpp"
#include "worker/frameworks/native/framework.hpp"
#include "worker/frameworks/native/learnt.hpp"
#include "worker/frameworks/native/shared_answers.hpp"
#include "worker/frameworks/native/talk.hpp"

namespace xgrid::worker::native {

class Jobs {
public:
    Jobs(const SlotStart& start, const SharedAnswers& answers, Channel& channel, OwnPermits tests,
         Framework& framework);

    void serve();

private:
    using Index = std::uint32_t;  // of a test in the job
    struct Running;

    void enumerate(Ended& end);
    void run_unit(const JobBody& body, Ended& end);
    void tell_found(const Loaded& loaded, const Selection& selection, Ended& end);
    void tell_skipped();
    void fail_unit(const std::string& why);
    void run_waiting();
    std::size_t next_size(const Batches& batches) const;
    /// Those of them that have no result then are to be run yet.
    std::vector<Index> run_batch(std::vector<Index> tests, Batches& batches);
    void run_process(Batch& batch, Running& running);
    std::vector<Index> conclude(Running& running);
    void tell_late(Running& running);
    void run_alone(Index test, const std::string& company_end);
    void finish_test(Index test, TestResult result);
    Result<Ran> ask(const Program& program);

    const SlotStart& start_;
    const SharedAnswers& answers_;
    Channel& channel_;
    OwnPermits permits_;
    Framework& framework_;
    Learnt learnt_;

    JobNumber job_ = 0;
    std::string unit_;
    std::vector<Case> tests_;      // of the job
    std::vector<TestName> names_;  // of each
    std::deque<Index> waiting_;  // of those, in order; each has a permit that is still to be taken
};

}  // namespace xgrid::worker::native
