// Processes die with those who started them: what Linux offers for that.
#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace xgrid {

/// The kernel sends this process the signal when its parent is gone; at once if that is so already.
void die_with_parent(int signal, pid_t parent);

/// Processes below this one that lose their parent become its children, instead of init's.
void adopt_orphans();

/// Every process below this one, at this moment.
std::vector<pid_t> descendants();

/// Ends every process below this one, asking first; reaps its children. Takes little longer than
/// `grace`.
void end_descendants(std::chrono::milliseconds grace);

/// "exited with status 3", "killed by signal 11 (Segmentation fault)", from what waitpid gives.
std::string describe_exit(int status);

/// A random token: 128 bits in hexadecimal.
std::string random_token();

}  // namespace xgrid
