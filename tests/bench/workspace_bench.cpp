// A worker's workspace beside `rsync -a` from one folder to another: what it takes until the files
// of a project are where tests run, once the worker has their content. Prints milliseconds, medians
// of interleaved rounds, the best and the processor's time of our own, and how many times longer
// rsync takes.
//
// The content comes from memory, so that this is the time of the workspace alone; rsync reads its
// source from the page cache.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/worker/workspace/models.hpp"
#include "worker/workspace/workspaces.hpp"

namespace {

using namespace xgrid;
using namespace xgrid::worker;
namespace fs = std::filesystem;

Model project(const std::string& folder, std::size_t files) {
    Model model;
    for (std::size_t i = 0; i < files; ++i) {
        std::string text = fmt::format("# {}\n", i);
        while (text.size() < 5000) text += fmt::format("def f{0}(): return {0}\n", text.size() * i);
        model[fmt::format("{}/p{}/m{}.py", folder, i / 10, i % 10)] = file(text);
    }
    return model;
}

class Times {
public:
    template <class Do>
    void take(const std::string& what, const Do& action) {
        const std::clock_t cpu = std::clock();
        const auto start = std::chrono::steady_clock::now();
        action();
        const std::chrono::duration<double, std::milli> time =
            std::chrono::steady_clock::now() - start;
        times_[what].push_back(time.count());
        cpu_[what].push_back(1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
    }
    double median(const std::string& what) { return median(times_[what]); }
    double cpu(const std::string& what) { return median(cpu_[what]); }
    double best(const std::string& what) { return std::ranges::min(times_[what]); }

private:
    static double median(std::vector<double>& all) {
        std::ranges::sort(all);
        return all[all.size() / 2];
    }

    std::map<std::string, std::vector<double>> times_;
    std::map<std::string, std::vector<double>> cpu_;
};

void run(const std::string& command) {
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
}

}  // namespace

int main(int count, char** arguments) {
    const std::size_t files = count > 1 ? std::stoul(arguments[1]) : 10'000;
    const int rounds = count > 2 ? std::stoi(arguments[2]) : 5;
    UpdateOptions options;
    if (count > 3) options.threads = std::stoul(arguments[3]);

    MemorySource source;
    const ObjectId tree = source.add(project("src", files));
    Model model = project("src", files);
    model.begin()->second.content += "changed\n";
    const ObjectId changed = source.add(model);
    const ObjectId renamed = source.add(project("lib", files));

    Times times;
    for (int round = 0; round < rounds; ++round) {
        const TemporaryFolder temporary;
        Workspaces workspaces(temporary / "cache");
        Result<Workspace> workspace = workspaces.of_project("project", tree);
        const auto update = [&](const ObjectId& id) {
            Result<UpdateCounts> counts = workspace->update(id, source, options);
            if (!counts) throw std::runtime_error(counts.error());
        };
        times.take("cold", [&] { update(tree); });
        update(tree);
        times.take("unchanged", [&] { update(tree); });
        times.take("one changed", [&] { update(changed); });
        update(tree);
        times.take("folder renamed", [&] { update(renamed); });

        const std::string from = workspace->folder();
        const std::string copy = temporary / "copy";
        const std::string sync = "rsync -a --delete '" + from + "/' '" + copy + "'";
        times.take("rsync cold", [&] { run(sync); });
        times.take("rsync unchanged", [&] { run(sync); });
        write_text(workspace->folder() / "lib/p0/m0.py", "changed\n");
        times.take("rsync one changed", [&] { run(sync); });
        fs::rename(workspace->folder() / "lib", workspace->folder() / "src");
        times.take("rsync folder renamed", [&] { run(sync); });
    }
    fmt::print("{} files of 5 KB, {} threads, {} rounds\n", files, options.threads, rounds);
    for (const std::string what : {"cold", "unchanged", "one changed", "folder renamed"}) {
        const double ours = times.median(what);
        const double rsyncs = times.median("rsync " + what);
        fmt::print("{:15} {:7.1f} ms (best {:7.1f}, CPU {:7.1f})   rsync -a {:7.1f} ms   {:.1f}x\n",
                   what, ours, times.best(what), times.cpu(what), rsyncs, rsyncs / ours);
    }
}
