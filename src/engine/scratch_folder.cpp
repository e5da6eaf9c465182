#include "engine/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

namespace latcast {

Result<ScratchFolder> ScratchFolder::make() {
  std::error_code failure;
  std::string pattern = (std::filesystem::temp_directory_path(failure) / "latcast-XXXXXX").string();
  if (failure || mkdtemp(pattern.data()) == nullptr) {
    return fail(Errc::io, "cannot create a folder in the temporary directory: " + std::string(std::strerror(errno)) +
                              "; set TMPDIR to one that can be written");
  }
  return ScratchFolder(pattern);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace latcast
