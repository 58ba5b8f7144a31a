#include "shared/cores.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <string>

namespace xgrid {
namespace {

// Where the process's own cgroup is mounted in version 2; a container sees its own at the root.
std::string own_cgroup() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("0::")) return line.substr(3);
    }
    return "/";
}

// Cores that the quotas from there up to the root leave; 0: no limit.
double quota_of(std::string group) {
    double least = 0;
    while (true) {
        std::ifstream file("/sys/fs/cgroup" + group + "/cpu.max");
        std::string quota;
        double period = 0;
        if (file >> quota >> period && quota != "max" && period > 0) {
            const double cores = std::stod(quota) / period;
            least = least > 0 ? std::min(least, cores) : cores;
        }
        if (group.empty() || group == "/") return least;
        group.erase(group.rfind('/'));
    }
}

double quota_version_1() {
    double quota = 0;
    double period = 0;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
    return quota > 0 && period > 0 ? quota / period : 0;
}

}  // namespace

std::uint32_t usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    double cores = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
    for (const double quota : {quota_of(own_cgroup()), quota_version_1()}) {
        if (quota > 0) cores = std::min(cores, quota);
    }
    return static_cast<std::uint32_t>(std::max(1.0, std::ceil(cores)));
}

}  // namespace xgrid
