#include "client/program.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <link.h>
#include <map>
#include <mutex>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <utility>
#include <zlib.h>

#include <fmt/format.h>

#include "shared/ensure.hpp"
#include "shared/whole_file.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_bytes = 512;
constexpr std::size_t name_bytes_max = 100;
constexpr int pack_level = 3;  // half the time of 6, for a tenth more bytes
constexpr const char* program_name = "xgrid";

// Who is loaded, by the name that the loader looks for, and where it lies.
struct Loaded {
    std::map<std::string, std::string> files;
    std::string loader;  // empty: there is none
};

std::string own_file(const std::string& loader) {
    std::error_code none;
    const fs::path own = fs::read_symlink("/proc/self/exe", none);
    // Run by its loader, as on other hosts, it is known by its first argument.
    if (!loader.empty() && own.filename() == fs::canonical(loader, none).filename()) {
        return std::bit_cast<const char*>(getauxval(AT_EXECFN));
    }
    return "/proc/self/exe";
}

int add_object(dl_phdr_info* object, std::size_t, void* to) {
    Loaded& loaded = *static_cast<Loaded*>(to);
    const std::string path = object->dlpi_name;
    if (path.starts_with('/')) loaded.files[fs::path(path).filename()] = path;
    if (!path.empty()) return 0;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& header = object->dlpi_phdr[i];
        if (header.p_type != PT_INTERP) continue;
        loaded.loader = std::bit_cast<const char*>(object->dlpi_addr + header.p_vaddr);
    }
    return 0;
}

Loaded loaded_files() {
    Loaded loaded;
    dl_iterate_phdr(add_object, &loaded);
    loaded.files[program_name] = own_file(loaded.loader);
    if (!loaded.loader.empty()) loaded.files[fs::path(loaded.loader).filename()] = loaded.loader;
    return loaded;
}

Result<std::string> content_of(const std::string& path) {
    std::optional<std::string> bytes = whole_file(path);
    if (!bytes || bytes->empty()) {
        return Error{fmt::format("cannot read {}, a part of this program", path)};
    }
    return *std::move(bytes);
}

void put(std::string& header, std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
}

// POSIX's ustar: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
std::string tar_header(const std::string& name, std::size_t bytes) {
    std::string header(block_bytes, '\0');
    put(header, 0, name.substr(0, name_bytes_max));
    put(header, 100, "0000755");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, fmt::format("{:011o}", bytes));
    put(header, 136, "00000000000");
    put(header, 148, "        ");
    put(header, 156, "0");
    put(header, 257, std::string("ustar\00000", 8));
    unsigned sum = 0;
    for (const char byte : header) sum += static_cast<unsigned char>(byte);
    put(header, 148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return header;
}

std::string system_name() {
    utsname names{};
    uname(&names);
    return fmt::format("{} {}", names.sysname, names.machine);
}

Result<Program> look_at_program() {
    Result<std::string> tar = program_tar();
    if (!tar) return Error{tar.error()};
    const Loaded loaded = loaded_files();
    return Program{.id = object_id(ObjectKind::blob, *tar),
                   .bytes = tar->size(),
                   .loader = fs::path(loaded.loader).filename(),
                   .system = system_name()};
}

}  // namespace

Result<std::string> program_tar() {
    std::string tar;
    for (const auto& [name, path] : loaded_files().files) {
        Result<std::string> bytes = content_of(path);
        if (!bytes) return Error{bytes.error()};
        tar += tar_header(name, bytes->size());
        tar += *bytes;
        tar.resize((tar.size() + block_bytes - 1) / block_bytes * block_bytes);
    }
    tar.resize(tar.size() + 2 * block_bytes);
    constexpr std::size_t record_bytes = 20 * block_bytes;
    tar.resize((tar.size() + record_bytes - 1) / record_bytes * record_bytes);
    return tar;
}

std::string gzipped(const std::string& bytes) {
    z_stream stream{};
    constexpr int gzip_format = 16 + MAX_WBITS;
    constexpr int memory_level = 8;
    ensure(deflateInit2(&stream, pack_level, Z_DEFLATED, gzip_format, memory_level,
                        Z_DEFAULT_STRATEGY) == Z_OK,
           "there is memory to pack a program");
    std::string packed(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int end = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    ensure(end == Z_STREAM_END, "what is packed fits into what zlib says is enough");
    return packed;
}

struct ProgramTask::Shared {
    using Bytes = std::optional<Result<std::shared_ptr<const std::string>>>;

    Descriptor news{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::mutex mutex;
    std::optional<Result<Program>> program;
    std::array<bool, 2> asked{};
    std::array<Bytes, 2> bytes;
};

namespace {

Result<std::shared_ptr<const std::string>> bytes_of(const ObjectId& id, bool packed) {
    Result<std::string> tar = program_tar();
    if (!tar) return Error{tar.error()};
    if (object_id(ObjectKind::blob, *tar) != id) {
        return Error{"this program, or a library of it, was replaced while it ran"};
    }
    return std::make_shared<const std::string>(packed ? gzipped(*tar) : std::move(*tar));
}

// What is thrown is an Error too.
template <class T>
Result<T> caught(const std::function<Result<T>()>& make) {
    try {
        return make();
    } catch (const std::exception& error) {
        return Error{error.what()};
    }
}

}  // namespace

ProgramTask::ProgramTask() : shared_(std::make_shared<Shared>()) {
    if (!shared_->news) throw Fatal(fmt::format("cannot read this program: {}", strerror(errno)));
    threads_.emplace_back([shared = shared_] {
        Result<Program> program = caught<Program>(look_at_program);
        {
            const std::lock_guard lock(shared->mutex);
            shared->program = std::move(program);
        }
        eventfd_write(shared->news.get(), 1);
    });
}

int ProgramTask::descriptor() const { return shared_->news.get(); }

void ProgramTask::take_notice() {
    eventfd_t count = 0;
    eventfd_read(shared_->news.get(), &count);
}

std::optional<Result<Program>> ProgramTask::program() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->program;
}

std::optional<Result<std::shared_ptr<const std::string>>> ProgramTask::bytes(bool packed) {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->program || !*shared_->program) return std::nullopt;
    const std::size_t kind = packed ? 1 : 0;
    if (std::exchange(shared_->asked[kind], true)) return shared_->bytes[kind];
    threads_.emplace_back([shared = shared_, id = (*shared_->program)->id, kind] {
        auto bytes =
            caught<std::shared_ptr<const std::string>>([&] { return bytes_of(id, kind == 1); });
        {
            const std::lock_guard lock(shared->mutex);
            shared->bytes[kind] = std::move(bytes);
        }
        eventfd_write(shared->news.get(), 1);
    });
    return std::nullopt;
}

}  // namespace xgrid::client
