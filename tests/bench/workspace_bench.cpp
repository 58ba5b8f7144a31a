// A worker's workspace beside `rsync -a` from one folder to another: what it takes until the files
// of a project are where tests run, once the worker has their content. Prints milliseconds, medians
// of interleaved rounds, and how many times longer rsync takes.
//
// The content comes from memory, so that this is the time of the workspace alone; rsync reads its
// source from the page cache.
#include <algorithm>
#include <chrono>
#include <cstdlib>
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
        const auto start = std::chrono::steady_clock::now();
        action();
        times_[what].push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                .count());
    }
    double median(const std::string& what) {
        std::vector<double>& all = times_[what];
        std::ranges::sort(all);
        return all[all.size() / 2];
    }

private:
    std::map<std::string, std::vector<double>> times_;
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
        fmt::print("{:15} {:7.1f} ms   rsync -a {:7.1f} ms   {:.1f}x\n", what, ours, rsyncs,
                   rsyncs / ours);
    }
}
