#include "client/repository.hpp"

#include <array>

#include "client/git_library.hpp"

namespace xgrid::client {
namespace {

using Reference = std::unique_ptr<git_reference, Freed<git_reference_free>>;
using Object = std::unique_ptr<git_object, Freed<git_object_free>>;

constexpr std::size_t abbreviated = 10;

std::string id_of(const git_object* object) {
    std::array<char, GIT_OID_HEXSZ + 1> text = {};
    return git_oid_tostr(text.data(), text.size(), git_object_id(object));
}

std::string resolve(git_repository* repository, const char* name) {
    git_object* object = nullptr;
    if (git_revparse_single(&object, repository, name) != 0) return {};
    return id_of(Object(object).get());
}

}  // namespace

std::optional<RepositoryFacts> read_repository(const std::string& directory) {
    GitRepository repository;
    if (open_repository(repository, directory) != 0) return std::nullopt;
    RepositoryFacts facts;
    git_reference* head = nullptr;
    if (git_repository_head(&head, repository.get()) == 0) {
        const Reference owner(head);
        if (git_reference_is_branch(head) == 1) facts.branch = git_reference_shorthand(head);
    }
    facts.commit = resolve(repository.get(), "HEAD").substr(0, abbreviated);
    facts.tree = resolve(repository.get(), "HEAD^{tree}");
    return facts;
}

}  // namespace xgrid::client
