// The shared libraries that programs need and no system package brings, found as ld.so(8) finds
// them. Files are read and nothing is run: neither a program of another machine, nor the loader
// that a program names (which is what ldd does).
#pragma once

#include <map>
#include <string>
#include <vector>

namespace xgrid::client {

/// Where the loader looks beside the paths that programs have in them.
struct LoaderPlaces {
    std::vector<std::string> loader_path;                   // of LD_LIBRARY_PATH
    std::map<std::string, std::vector<std::string>> cache;  // loader_cache.hpp
};
LoaderPlaces own_loader_places();

struct Library {
    std::string name;  // as it is asked for
    std::string path;  // where it was found; absolute, perhaps a link
    /// It is in the root, and whoever needs it says where, relative to itself ($ORIGIN).
    bool found_in_copies = false;

    friend bool operator==(const Library&, const Library&) = default;
};

/// What that program needs, and what that needs, without what is the system's; the root is of what
/// is copied. What is not found is left out: the loader will say so.
std::vector<Library> libraries_of(const std::string& program, const std::string& root,
                                  const LoaderPlaces& places);

/// The programs in a folder, or the one that it is.
std::vector<std::string> programs_in(const std::string& path);

/// For which machine all of these are built, as uname(2) has it; empty: for several, or those of
/// another could run them, too.
std::string machine_of(const std::vector<std::string>& programs);

/// Copies of these under their names, in a folder of the cache that is called `libraries_folder`.
/// Throws Fatal: with exit code 4 if different ones have the same name; with 3 if they cannot be
/// written.
std::string put_together(const std::vector<Library>& libraries);

}  // namespace xgrid::client
