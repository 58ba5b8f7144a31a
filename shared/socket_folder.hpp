// A folder for a program's sockets that nobody else can enter, and that is gone when the program
// is.
#pragma once

#include <string>
#include <sys/types.h>

namespace xgrid {

/// A fresh one, of which only this user can see anything; its name is short enough for sockets.
/// Throws Fatal.
std::string make_socket_folder();

/// A child of this process that removes the folder when this process ends, however it does. To be
/// called before any thread. Throws Fatal.
pid_t remove_when_gone(const std::string& folder);

}  // namespace xgrid
