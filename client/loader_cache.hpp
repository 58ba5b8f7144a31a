// What ldconfig(8) has found: the file /etc/ld.so.cache, in the form that glibc has written since
// 2.2 (alone, or behind the older one's). See sysdeps/generic/dl-cache.h in glibc. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace xgrid::client {

/// The paths of libraries by name, in the loader's order. Total: what is broken is left out.
std::map<std::string, std::vector<std::string>> read_loader_cache(std::string_view file);

}  // namespace xgrid::client
