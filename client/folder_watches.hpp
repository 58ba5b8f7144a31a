// The kernel's word that something happened in one of many folders (inotify). Says neither what nor
// where: whoever hears it looks. Owns the kernel's watches.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "shared/descriptor.hpp"

namespace xgrid::client {

class FolderWatches {
public:
    FolderWatches();

    /// Readable when something has happened; -1: they do not work.
    int descriptor() const { return descriptor_.get(); }
    /// Whether something has happened since the last time.
    bool hear();

    /// From now on exactly these are watched, without what is in folders in them. True: one was not
    /// watched before. What is not there is passed over.
    bool watch(const std::vector<std::string>& folders);

    /// Not empty: they do not work, or not any more, or changes by other machines are not heard;
    /// and why.
    const std::string& trouble() const { return trouble_; }

private:
    void start();
    void give_up(const std::string& why);
    void forget(const std::string& folder);

    Descriptor descriptor_;
    std::unordered_map<std::string, int> watches_;
    std::unordered_map<int, std::string> folders_;
    bool moved_ = false;  // a folder has: what is below it is watched under names that are wrong
    std::string trouble_;
};

}  // namespace xgrid::client
