// What it costs to keep and to find content, beside the same content as files. Ten thousand objects
// of 5 KB are a project of that many source files, 40 folders of 250, that comes for the first
// time; "touch" is what each run costs before it may say that it has all. Times are CPU unless
// said.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "shared/file.hpp"
#include "shared/store.hpp"
#include "shared/tree.hpp"

namespace {

using namespace xgrid;

constexpr Seconds noon{std::chrono::hours(400'000)};
constexpr std::size_t files = 10'000;
constexpr std::size_t files_in_folder = 250;
constexpr std::size_t file_bytes = 5'000;

struct Folder {
    std::filesystem::path path;

    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "xgrid-bench-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

struct Project {
    std::vector<std::string> contents;
    std::vector<NewObject> objects;
    std::vector<ObjectId> ids;
    ObjectId root;

    Project() {
        std::uint64_t state = 1;
        for (std::size_t i = 0; i < files; ++i) {
            std::string& text = contents.emplace_back(file_bytes, ' ');
            for (char& byte : text) {
                state = state * 6364136223846793005U + 1442695040888963407U;
                byte = static_cast<char>(' ' + (state >> 58));
            }
        }
        std::vector<TreeEntry> folders;
        std::vector<TreeEntry> entries;
        for (std::size_t i = 0; i < files; ++i) {
            const ObjectId id = object_id(ObjectKind::blob, contents[i]);
            entries.push_back({fmt::format("test_{:05}.py", i), EntryKind::file, id});
            if (entries.size() < files_in_folder) continue;
            contents.push_back(encode_tree(entries));
            folders.push_back({fmt::format("folder_{:05}", i), EntryKind::folder,
                               object_id(ObjectKind::tree, contents.back())});
            entries.clear();
        }
        contents.push_back(encode_tree(folders));
        for (std::size_t i = 0; i < contents.size(); ++i) {
            const ObjectKind kind = i < files ? ObjectKind::blob : ObjectKind::tree;
            objects.push_back({kind, object_id(kind, contents[i]), contents[i]});
            ids.push_back(objects.back().id);
        }
        root = ids.back();
    }
};
const Project& project() {
    static const Project made;
    return made;
}

void check(const std::optional<Error>& error) {
    if (error) throw Fatal(error->text);
}
std::unique_ptr<Store> open_store(const Folder& folder) {
    Result<std::unique_ptr<Store>> store = Store::open(folder.path, std::uint64_t{1} << 40, noon);
    if (!store) throw Fatal(store.error());
    return std::move(*store);
}
void put_all(Store& store, std::size_t batch) {
    const std::span<const NewObject> objects = project().objects;
    for (std::size_t i = 0; i < objects.size(); i += batch) {
        check(store.put(noon, objects.subspan(i, std::min(batch, objects.size() - i))));
    }
}

void puts(benchmark::State& state) {
    project();
    for (auto _ : state) {
        state.PauseTiming();
        auto folder = std::make_unique<Folder>();
        auto store = open_store(*folder);
        state.ResumeTiming();
        put_all(*store, static_cast<std::size_t>(state.range(0)));
        state.PauseTiming();
        store.reset();
        folder.reset();
        state.ResumeTiming();
    }
}

void writes_files(benchmark::State& state) {
    project();
    for (auto _ : state) {
        state.PauseTiming();
        auto folder = std::make_unique<Folder>();
        state.ResumeTiming();
        for (std::size_t i = 0; i < files; ++i) {
            Result<File> file =
                File::open(folder->path / std::to_string(i), O_CREAT | O_EXCL | O_WRONLY);
            check(file->write_at(0, project().contents[i]));
        }
        state.PauseTiming();
        folder.reset();
        state.ResumeTiming();
    }
}

void hashes(benchmark::State& state) {
    for (auto _ : state) {
        for (const NewObject& object : project().objects) {
            benchmark::DoNotOptimize(object_id(object.kind, object.content));
        }
    }
}

void opens(benchmark::State& state) {
    const Folder folder;
    put_all(*open_store(folder), 256);
    for (auto _ : state) benchmark::DoNotOptimize(open_store(folder));
}

void lacks_none(benchmark::State& state) {
    const Folder folder;
    auto store = open_store(folder);
    put_all(*store, 256);
    for (auto _ : state) benchmark::DoNotOptimize(store->lacks(project().ids));
}

void reads(benchmark::State& state) {
    const Folder folder;
    auto store = open_store(folder);
    put_all(*store, 256);
    for (auto _ : state) {
        for (std::size_t i = 0; i < files; ++i) {
            store->blob(project().ids[i], [](std::string_view piece) {
                benchmark::DoNotOptimize(piece.data());
                return true;
            });
        }
    }
}

// With 0 hours between two uses, the tree is known to be complete.
void touches(benchmark::State& state) {
    const Folder folder;
    auto store = open_store(folder);
    put_all(*store, 256);
    Seconds now = noon;
    for (auto _ : state) {
        now += std::chrono::hours(state.range(0));
        Result<std::vector<LackingObject>> lacking = store->touch(now, project().root);
        if (!lacking || !lacking->empty()) throw Fatal("all is there");
    }
}

// Per second: of the blob's bytes.
void receives_large(benchmark::State& state) {
    const std::size_t piece_bytes = 256 * 1024;
    const std::uint64_t size = std::uint64_t{1} << 30;
    const std::string& text = project().contents[0];
    std::string piece;
    while (piece.size() < piece_bytes) piece += text;
    piece.resize(piece_bytes);
    ObjectHash<ObjectId> hash(ObjectKind::blob, size);
    for (std::uint64_t at = 0; at < size; at += piece_bytes) hash.add(piece);
    const ObjectId id = hash.finish();
    for (auto _ : state) {
        const Folder folder;
        auto store = open_store(folder);
        Result<Partial> partial = store->receive(id, size);
        while (partial->offset() < size) check(partial->add(piece));
        check(store->keep(noon, *partial));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(size) * state.iterations());
}

// Half of 10,000 objects, as the other half comes again.
void evicts(benchmark::State& state) {
    project();
    for (auto _ : state) {
        state.PauseTiming();
        auto folder = std::make_unique<Folder>();
        auto store = open_store(*folder);
        put_all(*store, 256);
        store.reset();
        Result<std::unique_ptr<Store>> small =
            Store::open(folder->path, files * file_bytes / 2, noon);
        state.ResumeTiming();
        check((*small)->put(noon, {}));
        state.PauseTiming();
        (*small).reset();
        folder.reset();
        state.ResumeTiming();
    }
}

constexpr auto unit = benchmark::kMillisecond;
BENCHMARK(hashes)->Name("store/10k objects/hash alone")->Unit(unit);
BENCHMARK(puts)->Name("store/10k objects/put")->ArgName("batch")->Arg(256)->Arg(10'041)->Unit(unit);
BENCHMARK(writes_files)->Name("store/10k objects/as files")->Unit(unit);
BENCHMARK(opens)->Name("store/10k objects/open")->Unit(unit);
BENCHMARK(lacks_none)->Name("store/10k objects/lacks")->Unit(unit);
BENCHMARK(reads)->Name("store/10k objects/read")->Unit(unit);
BENCHMARK(touches)->Name("store/10k objects/touch")->ArgName("hours")->Arg(0)->Arg(1)->Unit(unit);
BENCHMARK(evicts)->Name("store/10k objects/evict half")->Unit(unit);
BENCHMARK(receives_large)->Name("store/1 GB blob")->Unit(unit);

}  // namespace
