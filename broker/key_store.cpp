#include "broker/key_store.hpp"

#include <fcntl.h>
#include <string>
#include <sys/stat.h>

#include <fmt/format.h>

#include "shared/file.hpp"
#include "shared/key_file.hpp"
#include "shared/secret_file.hpp"

namespace xgrid::broker {

Result<CurveKey> KeyStore::secret() const {
    const std::filesystem::path path = folder_ / "key";
    Result<std::optional<CurveKey>> key = read_key_file(path);
    if (key && !*key) {
        key = make_key_file(path,
                            "The key of an xgrid broker. Whoever has the secret one can "
                            "pretend to be it.");
        // Another has been faster.
        if (key && !*key) key = read_key_file(path);
    }
    if (!key) return Error{key.error()};
    if (!*key) return Error{fmt::format("{} is gone again", path.string())};
    return **key;
}

Result<KeyList> KeyStore::read() {
    read_ = stamp();
    Result<std::optional<std::string>> text = read_secret(list_file());
    if (!text) return Error{text.error()};
    if (!*text) return KeyList();
    Result<KeyList> list = KeyList::parse(**text);
    if (!list) return Error{fmt::format("{}: {}", list_file().string(), list.error())};
    return list;
}

bool KeyStore::changed() const { return stamp() != read_; }

Result<KeyList> KeyStore::change(const std::function<void(KeyList&)>& how) {
    Result<File> lock = File::open(folder_ / "keys.lock", O_RDWR | O_CREAT);
    if (!lock) return Error{lock.error()};
    if (!lock->wait_for_lock()) {
        return Error{fmt::format("cannot lock {}", lock->path().string())};
    }
    Result<KeyList> list = read();
    if (!list) return list;
    how(*list);
    Result<bool> written = write_secret(list_file(), list->text(), Existing::replaced);
    if (!written) return Error{written.error()};
    read_ = stamp();
    return list;
}

KeyStore::Stamp KeyStore::stamp() const {
    struct stat facts {};
    if (::lstat(list_file().c_str(), &facts) != 0) return {};
    // Not when it was written: a change of who can read it counts, too.
    return {
        .number = facts.st_ino,
        .size = facts.st_size,
        .changed_ns = facts.st_ctim.tv_sec * std::int64_t{1'000'000'000} + facts.st_ctim.tv_nsec,
        .mode = facts.st_mode};
}

}  // namespace xgrid::broker
