// A kind of test binary: a program that lists the cases in it, and runs those that are selected.
// What kinds have in common (targets, asking a binary what it is) is in binaries.hpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/result.hpp"
#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

class BinaryKind {
public:
    virtual ~BinaryKind() = default;
    /// As --framework has it.
    virtual std::string_view name() const = 0;
    /// A binary of this kind, or a shared library of the kind that it is linked to by name, has one
    /// of these in it. That alone proves nothing: what a program says to --help does.
    virtual std::vector<std::string_view> marks() const = 0;
    /// Whether that is what one of this kind says to --help.
    virtual bool recognises(const std::string& help) const = 0;

    /// `arguments` are the user's, for every program of the run.
    virtual Program listing(const std::string& path,
                            const std::vector<std::string>& arguments) const = 0;
    virtual Result<std::vector<Case>> cases(const Ran& listing,
                                            const std::vector<std::string>& arguments) const = 0;
    virtual Batch batch(const std::string& path, const std::vector<std::string>& arguments,
                        std::span<const Case> tests) const = 0;
};

std::unique_ptr<BinaryKind> make_gtest();
std::unique_ptr<BinaryKind> make_doctest();
std::unique_ptr<BinaryKind> make_catch2();

}  // namespace xgrid::worker::native
