#include "core/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <random>
#include <string>

namespace latcast {
namespace {

namespace fs = std::filesystem;

/// As many as Linux follows.
constexpr int kMostLinks = 40;

std::atomic<const char*> unfinished{nullptr};

tl::unexpected<Error> cannot_write(const fs::path& path, const std::string& why) {
  return fail(Errc::io, "cannot write " + path.string() + ": " + why);
}

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

bool may_write(const fs::path& path) { return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0; }

/// Where bytes go: to a descriptor that is open, or to a file.
struct Place {
  int descriptor = -1;
  fs::path file;
  std::optional<struct stat> old;
  [[nodiscard]] bool plain() const { return descriptor < 0 && (!old || S_ISREG(old->st_mode)); }
};

/// The end of the path's links, of which the last may lead nowhere yet.
Place follow(fs::path path) {
  std::error_code failure;
  const fs::path own = fs::canonical("/proc/self/fd", failure);
  for (int links = 0; links < kMostLinks; ++links) {
    if (const fs::path folder = fs::canonical(folder_of(path), failure); !own.empty() && folder == own) {
      int descriptor = -1;
      const std::string number = path.filename().string();
      std::from_chars(number.data(), number.data() + number.size(), descriptor);
      return {descriptor, path, {}};
    }
    const fs::path target = fs::read_symlink(path, failure);
    if (failure) break;
    path = path.parent_path() / target;
  }
  return {-1, path, {}};
}

Result<Place> find_place(const fs::path& path) {
  if (path.empty()) return cannot_write(path, "it has no name");
  Place place = follow(path);
  if (place.descriptor >= 0) {
    if (::fcntl(place.descriptor, F_GETFL) < 0) return cannot_write(path, std::strerror(errno));
    return place;
  }
  struct stat old{};
  if (::stat(place.file.c_str(), &old) == 0) {
    place.old = old;
  } else if (errno != ENOENT) {
    return cannot_write(path, std::strerror(errno));
  }
  if (place.old && S_ISDIR(old.st_mode)) return cannot_write(path, std::strerror(EISDIR));
  if (place.old && (old.st_mode & 0222) == 0)  // also where root could
    return cannot_write(path, "it is read-only (chmod u+w allows it)");
  if (place.old && !may_write(place.file)) return cannot_write(path, std::strerror(errno));
  if (place.plain() && !may_write(folder_of(place.file))) return cannot_write(path, std::strerror(errno));
  return place;
}

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  return true;
}

/// A file of no other's beside `file`; removed unless it took its place.
class Temporary {
 public:
  explicit Temporary(const fs::path& file) {
    std::random_device random;
    do {
      name_ = (folder_of(file) / (".latcast-" + std::to_string(random()))).string();
      descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ >= 0) unfinished = name_.c_str();
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (unfinished.exchange(nullptr) != nullptr) ::unlink(name_.c_str());
  }

  /// False, with the reason in errno.
  [[nodiscard]] bool fill(std::span<const std::byte> bytes, const std::optional<struct stat>& old) const {
    if (descriptor_ < 0 || !write_all(descriptor_, bytes)) return false;
    if (!old) return true;
    if (::fchown(descriptor_, old->st_uid, old->st_gid) != 0) errno = 0;  // then it is ours
    return ::fchmod(descriptor_, old->st_mode & 0777) == 0;
  }
  [[nodiscard]] bool replace(const fs::path& file) {
    if (::rename(name_.c_str(), file.c_str()) != 0) return false;
    unfinished = nullptr;
    return true;
  }

 private:
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace

Result<void> write_file(const fs::path& path, std::span<const std::byte> bytes) {
  const auto place = find_place(path);
  if (!place) return tl::unexpected(place.error());
  bool done = false;
  int why = 0;
  if (place->plain()) {
    Temporary temporary(place->file);
    done = temporary.fill(bytes, place->old) && temporary.replace(place->file);
    why = errno;
  } else {
    const bool ours = place->descriptor < 0;
    const int descriptor = ours ? ::open(place->file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY) : place->descriptor;
    done = descriptor >= 0 && write_all(descriptor, bytes);
    why = errno;
    if (ours && descriptor >= 0) ::close(descriptor);
  }
  return done ? Result<void>() : cannot_write(path, std::strerror(why));
}

Result<void> check_writable(const fs::path& path) {
  const auto place = find_place(path);
  if (!place) return tl::unexpected(place.error());
  return {};
}

void remove_unfinished() noexcept {
  if (const char* name = unfinished) ::unlink(name);
}

}  // namespace latcast
