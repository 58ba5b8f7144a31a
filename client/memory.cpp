#include "client/memory.hpp"

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "shared/cache_home.hpp"
#include "shared/whole_file.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = 1'000'000;

// FNV-1a: the same on every machine and in every build.
std::string hash_of(const std::string& text) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char letter : text) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211U;
    }
    return fmt::format("{:016x}", hash);
}

}  // namespace

Memory::Memory(std::string directory) : directory_(std::move(directory)) {
    const fs::path folder = cache_home();
    if (folder.empty()) return;
    file_ = folder / "projects" / (hash_of(directory_) + ".json");
    Content content = read();
    collected_units_ = std::move(content.collected_units);
    failed_ = std::move(content.failed);
}

Memory::Content Memory::read() const {
    std::error_code none;
    const std::uintmax_t bytes = fs::file_size(file_, none);
    if (none || bytes > file_bytes_max) return {};
    const std::string text = whole_file(file_).value_or("");
    try {
        const nlohmann::json object = nlohmann::json::parse(text);
        if (object.at("project") != directory_) return {};
        return {object.at("collected_units").get<std::set<std::string>>(),
                object.value("failed", std::set<std::string>())};
    } catch (const nlohmann::json::exception&) {
        return {};
    }
}

std::vector<std::string> Memory::collected_units() const {
    return {collected_units_.begin(), collected_units_.end()};
}

std::vector<std::string> Memory::failed() const { return {failed_.begin(), failed_.end()}; }

void Memory::add(const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) root_ = up->facts.root;
    if (const auto* failing = std::get_if<TestFailing>(&event)) {
        if (failing->retried) runs_again_.insert(failing->test.id);
        if (!failing->retried) runs_again_.erase(failing->test.id);
    }
    const auto* finished = std::get_if<TestFinished>(&event);
    if (finished == nullptr) return;
    const Outcome outcome = finished->result.outcome;
    const bool failed = outcome == Outcome::failed || outcome == Outcome::error;
    bool& any = ran_[finished->test.id];  // in any environment
    any = any || failed;
    const bool ran_again = runs_again_.erase(finished->test.id) > 0;
    if (failed || !finished->was_failing || ran_again) return;
    news_ = collected_units_.insert(finished->unit).second || news_;
}

// Of those that did not run now, what was known holds.
bool Memory::learn_failed() {
    bool news = false;
    for (const auto& [test, failed] : ran_) {
        news = (failed ? failed_.insert(test).second : failed_.erase(test) > 0) || news;
    }
    return news;
}

void Memory::write() {
    if (file_.empty() || root_.empty()) return;
    Content content = read();  // of a run at the same time, perhaps
    collected_units_.merge(content.collected_units);
    failed_ = std::move(content.failed);
    news_ = learn_failed() || news_;
    std::error_code error;
    const std::size_t gone = std::erase_if(collected_units_, [&](const std::string& unit) {
        return !fs::exists(fs::path(root_) / unit, error) && !error;
    });
    if (!news_ && gone == 0) return;
    const nlohmann::json object = {
        {"project", directory_}, {"collected_units", collected_units_}, {"failed", failed_}};
    fs::create_directories(file_.parent_path(), error);
    fs::path draft = file_;
    draft += fmt::format(".{}", getpid());
    {
        std::ofstream file(draft, std::ios::binary);
        file << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
        if (!file.flush()) error = std::make_error_code(std::errc::io_error);
    }
    // In one step, so that nobody reads half of it.
    if (!error) fs::rename(draft, file_, error);
    if (error) fs::remove(draft, error);
}

}  // namespace xgrid::client
