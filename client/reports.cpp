#include "client/reports.hpp"

#include <fmt/format.h>
#include <string.h>

#include <cerrno>
#include <filesystem>

#include "client/json_lines.hpp"
#include "client/repository.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

std::FILE* open_for_writing(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (file == nullptr) throw Fatal(fmt::format("cannot write {}: {}", path, strerror(errno)), 4);
    return file;
}

}  // namespace

Reports::Reports(const Options& options, const std::string& run)
    : collect_only_(options.spec.collect_only) {
    if (!options.json.empty()) {
        const bool to_stdout = options.json == "-";
        const auto facts = read_repository(options.spec.directory);
        destinations_.push_back(
            {.report = std::make_unique<JsonLines>(run, facts ? facts->tree : ""),
             .file = to_stdout ? stdout : open_for_writing(options.json),
             .name = options.json});
    }
}

Reports::~Reports() {
    for (const Destination& destination : destinations_) {
        if (destination.file != stdout) std::fclose(destination.file);
    }
}

void Reports::begin(Instant now) {
    for (Destination& to : destinations_) write(to, to.report->begin(now));
}

void Reports::add(Instant now, const Event& event) {
    tally_.add(event);
    for (Destination& to : destinations_) write(to, to.report->add(now, event, tally_));
}

void Reports::tick(Instant now) {
    for (Destination& to : destinations_) {
        write(to, to.report->tick(now, tally_));
        std::fflush(to.file);
    }
}

int Reports::end(Instant now) {
    const int code = tally_.exit_code(collect_only_);
    for (Destination& to : destinations_) {
        write(to, to.report->end(now, tally_, code));
        if (std::fflush(to.file) != 0) to.failed = true;
    }
    for (const Destination& to : destinations_) {
        if (!to.failed) continue;
        throw Fatal(fmt::format("cannot write {}: {}", to.name, strerror(errno)));
    }
    return code;
}

void Reports::write(Destination& to, const std::string& text) {
    if (text.empty() || to.failed) return;
    if (std::fwrite(text.data(), 1, text.size(), to.file) != text.size()) to.failed = true;
}

}  // namespace xgrid::client
