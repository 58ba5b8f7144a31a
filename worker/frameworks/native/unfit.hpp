// Programs that this machine's system cannot run: built for another machine, or for a newer system.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace xgrid::worker::native {

/// Of a program that did not start, and what was said when it was tried (by the loader, which is
/// its interpreter): one sentence with the reason, and what to do. Empty: it is nothing of that
/// kind.
std::string why_unfit(const std::filesystem::path& program, std::string_view said);

}  // namespace xgrid::worker::native
