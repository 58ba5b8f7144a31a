// A file's content, read by the kernel as it is looked at.
#pragma once

#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/descriptor.hpp"

namespace xgrid {

class MappedFile {
public:
    /// One that cannot be read has no content. Nobody may make the file shorter meanwhile.
    explicit MappedFile(const std::filesystem::path& path) {
        const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat about {};
        if (!file || fstat(file.get(), &about) != 0 || about.st_size <= 0) return;
        size_ = static_cast<std::size_t>(about.st_size);
        data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
        if (data_ == MAP_FAILED) size_ = 0;
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile() {
        if (size_ > 0) munmap(data_, size_);
    }

    std::string_view text() const { return {static_cast<const char*>(data_), size_}; }

private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace xgrid
