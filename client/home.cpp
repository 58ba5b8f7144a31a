#include "client/home.hpp"

#include <algorithm>

namespace xgrid::client {
namespace {

bool goes_on(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
}

}  // namespace

void Home::replace(std::string& text) const {
    for (const std::string& workspace : workspaces_) {
        std::size_t at = 0;
        while ((at = text.find(workspace, at)) != std::string::npos) {
            const std::size_t end = at + workspace.size();
            if (end < text.size() && goes_on(text[end])) {
                at = end;  // another folder, whose name begins with this one's
                continue;
            }
            text.replace(at, workspace.size(), root_);
            at += root_.size();
        }
    }
}

void Home::replace(Phase& phase) const {
    for (std::string* text :
         {&phase.text, &phase.message, &phase.reason, &phase.path, &phase.report}) {
        replace(*text);
    }
}

void Home::replace(TestResult& result) const {
    if (!result.details) return;
    for (Phase& phase : result.details->phases) replace(phase);
    replace(result.details->path);
}

void Home::translate(Event& event) {
    if (root_.empty()) return;
    if (const auto* synced = std::get_if<TreeSynced>(&event)) {
        const std::string& folder = synced->facts.folder;
        if (std::ranges::find(workspaces_, folder) == workspaces_.end() && folder.size() > 1) {
            workspaces_.push_back(folder);
        }
    } else if (auto* up = std::get_if<WorkerUp>(&event)) {
        for (std::string* text : {&up->facts.root, &up->facts.config}) replace(*text);
        for (std::string& line : up->facts.header) replace(line);
        for (auto& [name, value] : up->facts.settings) replace(value);
    } else if (auto* finished = std::get_if<TestFinished>(&event)) {
        replace(finished->result);
    } else if (auto* failing = std::get_if<TestFailing>(&event)) {
        replace(failing->result);
    } else if (auto* teardown = std::get_if<TeardownFailed>(&event)) {
        replace(teardown->phase);
    } else if (auto* warning = std::get_if<WarningSeen>(&event)) {
        for (std::string* text : {&warning->warning.path, &warning->warning.text}) replace(*text);
    } else if (auto* ended = std::get_if<RunFinished>(&event)) {
        replace(ended->reason);
    }
}

}  // namespace xgrid::client
