#include "client/embedded.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "broker/loop.hpp"
#include "client/code.hpp"
#include "client/environments.hpp"
#include "shared/cache_home.hpp"
#include "shared/ensure.hpp"
#include "shared/environment.hpp"
#include "shared/process.hpp"
#include "shared/socket_folder.hpp"
#include "worker/loop.hpp"

namespace xgrid::client {
namespace {

// The child leaves here, with what `run` returns.
pid_t start_child(const std::string& name, const std::function<int()>& run) {
    const pid_t parent = getpid();
    fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) throw Fatal(fmt::format("cannot start the {}: {}", name, strerror(errno)));
    if (child > 0) return child;
    die_with_parent(SIGTERM, parent);
    setpgid(0, 0);  // a terminal's Ctrl-C is for the client, which then tells the broker
    int code = 3;
    try {
        code = run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "xgrid: {}: {}\n", name, error.what());
    }
    fflush(nullptr);
    _exit(code);
}

// The one that its first slot will need.
std::optional<worker::WarmKey> first_interpreter(const Options& options, const Host& host) {
    for (std::uint32_t i = 0; i < options.spec.environments.size(); ++i) {
        const Environment& environment = options.spec.environments[i];
        if (environment.labels.at(host_label) != host.label) continue;
        RunSpec spec = in_environment(options.spec, i);
        // The folder of a copy may be missing yet: then it starts when it is there.
        spec.directory = directory_of_tests(options, environment);
        return worker::warm_key(spec);
    }
    return std::nullopt;
}

std::filesystem::path history_file() {
    const std::filesystem::path home = state_home();
    return home.empty() ? home : home / "history.db";
}

void end_child(pid_t& child) {
    if (child == 0) return;
    kill(child, SIGTERM);
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    child = 0;
}

}  // namespace

Embedded::Embedded(const Options& options) : folder_(make_socket_folder()) {
    endpoint_ = "ipc://" + folder_ + "/broker";
    adopt_orphans();  // if the worker is killed, what it leaves comes here
    const std::string folder = folder_;
    for (const Host& host : options.hosts) {
        if (host.reach != Reach::popen) continue;
        worker_ = start_child("local worker", [&] {
            return worker::run({.broker = endpoint_,
                                .slots = host.slots,
                                .labels = {{host_label, host.label}},
                                .embedded = true,
                                .warm = first_interpreter(options, host)});
        });
    }
    broker_ = start_child("broker", [&] {
        const int code = broker::run({.bind = endpoint_,
                                      .data = cache_home(),
                                      .history = history_file(),
                                      .history_project = options.sync.root,
                                      .embedded = true});
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);  // in case the client was killed
        return code;
    });
}

Embedded::~Embedded() { end(); }

std::string Embedded::look_after() {
    std::string trouble;
    for (pid_t* child : {&broker_, &worker_}) {
        int status = 0;
        if (*child == 0 || waitpid(*child, &status, WNOHANG) != *child) continue;
        trouble = fmt::format("the {} was {}", child == &broker_ ? "broker" : "local worker",
                              describe_exit(status));
        *child = 0;
    }
    return trouble;
}

void Embedded::end() {
    end_child(worker_);
    end_child(broker_);
    end_descendants(std::chrono::milliseconds(200));
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Result<std::vector<TestHistory>> own_history(const Ask& ask) {
    return broker::recorded_history(history_file(), ask);
}

}  // namespace xgrid::client
