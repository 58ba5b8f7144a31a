// Files and folders that a user names to be run: test programs and build folders.
#pragma once

#include <string>
#include <vector>

namespace xgrid::client {

/// Of the words of a command line behind which such a thing is: where it is, absolute. Those in the
/// root are written relative to `directory` in `words` then, so that they name the same in a copy.
/// `directory` is absolute; words behind "--" are for programs.
std::vector<std::string> take_targets(std::vector<std::string>& words, const std::string& directory,
                                      const std::string& root);

}  // namespace xgrid::client
