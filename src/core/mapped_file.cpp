#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace latcast::detail {
namespace {

tl::unexpected<Error> file_error(const std::filesystem::path& path) {
  const int code = errno;
  return fail(code == ENOENT ? Errc::not_found : Errc::io, path.string() + ": " + std::strerror(code));
}

/// Closes a descriptor at the end of a scope; the mapping outlives it.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a FIFO must not block us
  struct stat info{};
  if (file.value < 0 || ::fstat(file.value, &info) != 0) return file_error(path);
  if (!S_ISREG(info.st_mode)) return fail(Errc::io, path.string() + ": not a regular file");
  MappedFile out;
  if (info.st_size == 0) return out;
  const auto size = static_cast<std::size_t>(info.st_size);
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (start == MAP_FAILED) return file_error(path);
  out.bytes_ = {static_cast<const std::uint8_t*>(start), size};
  return out;
}

}  // namespace latcast::detail
