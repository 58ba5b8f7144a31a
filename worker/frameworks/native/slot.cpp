#include "worker/frameworks/native/slot.hpp"

#include <csignal>
#include <memory>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "worker/frameworks/native/channel.hpp"
#include "worker/frameworks/native/framework.hpp"
#include "worker/frameworks/native/jobs.hpp"
#include "worker/frameworks/native/libraries.hpp"

namespace xgrid::worker::native {
namespace {

// As in a slot of pytest: what tests may want to know of where they run.
void take_identity(const SlotStart& start) {
    for (const auto& [name, value] : start.variables) setenv(name.c_str(), value.c_str(), 1);
    if (start.slots == 0) return;  // not distributed
    setenv("PYTEST_XDIST_WORKER", start.name.c_str(), 1);
    setenv("PYTEST_XDIST_WORKER_COUNT", std::to_string(start.slots).c_str(), 1);
    setenv("PYTEST_XDIST_TESTRUNUID", start.testrun_uid.c_str(), 1);
}

SlotFacts facts_of(const SlotStart& start, const Framework& framework) {
    utsname system{};
    uname(&system);
    return {.framework = framework.title(),
            .platform = "linux",
            .root = start.directory,
            .settings = {{"junit_suite_name", start.framework}},
            .fingerprint = {{"kernel", fmt::format("{} {}", system.sysname, system.release)},
                            {"machine", system.machine}}};
}

}  // namespace

void run_slot(const SlotStart& start, const SharedAnswers& answers, Descriptor socket,
              Descriptor jobs, Descriptor tests) {
    Channel channel(std::move(socket), OwnPermits(std::move(jobs)));
    const auto refuse = [&](int code, const std::string& why) {
        channel.say(refused_line(code, why));
        channel.flush();
    };
    if (chdir(start.directory.c_str()) != 0) {
        return refuse(3, fmt::format("cannot use the folder {}", start.directory));
    }
    take_identity(start);
    use_libraries();
    Result<std::unique_ptr<Framework>> framework = make_framework(
        start.framework,
        {.directory = start.directory, .arguments = start.arguments, .boxed = start.boxed});
    if (!framework) return refuse(4, framework.error());
    channel.say(up_line(facts_of(start, **framework)));
    Jobs(start, answers, channel, OwnPermits(std::move(tests)), **framework).serve();
}

}  // namespace xgrid::worker::native
