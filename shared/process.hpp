// Processes die with those who started them: what Linux offers for that.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace xgrid {

/// The kernel sends this process the signal when its parent is gone; at once if that is so already.
void die_with_parent(int signal, pid_t parent);

/// Processes below this one that lose their parent become its children, instead of init's.
void adopt_orphans();

/// Every process below this one, at this moment, but for those children and what is below them.
std::vector<pid_t> descendants(const std::set<pid_t>& kept = {});

/// Ends every process below this one, asking first; reaps its children. Takes little longer than
/// `grace`. Of those that are kept, and what is below them, none is touched.
void end_descendants(std::chrono::milliseconds grace, const std::set<pid_t>& kept = {});

/// "exited with status 3", "killed by signal 11 (Segmentation fault)", from what waitpid gives.
std::string describe_exit(int status);

/// The words that start this program again, as far as its arguments: its path, and before it the
/// loader that it came with, where it was brought to a host (client/bootstrap/remote.sh).
std::vector<std::string> own_program();

/// A random token: 128 bits in hexadecimal.
std::string random_token();

}  // namespace xgrid
