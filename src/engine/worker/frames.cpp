#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/worker/serve.h"

namespace latcast {
namespace {

constexpr std::uint64_t kMaxFrame = 4ULL << 30;

FrameStatus read_exactly(int fd, std::uint8_t* at, std::size_t size, const std::function<FrameStatus()>& keep_waiting) {
  while (size > 0) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, 50) <= 0) {
      if (const FrameStatus status = keep_waiting(); status != FrameStatus::ok) return status;
      continue;
    }
    const ssize_t got = read(fd, at, std::min<std::size_t>(size, 1U << 30));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return FrameStatus::closed;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return FrameStatus::ok;
}

FrameStatus write_all(int fd, const std::uint8_t* at, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = write(fd, at, std::min<std::size_t>(size, 1U << 30));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return FrameStatus::closed;
    at += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return FrameStatus::ok;
}

}  // namespace

FrameStatus write_frame(int fd, std::span<const std::uint8_t> bytes) {
  const std::uint64_t size = bytes.size();
  const FrameStatus status = write_all(fd, reinterpret_cast<const std::uint8_t*>(&size), sizeof size);
  return status == FrameStatus::ok ? write_all(fd, bytes.data(), bytes.size()) : status;
}

FrameStatus read_frame(int fd, std::vector<std::uint8_t>& bytes, const std::function<FrameStatus()>& keep_waiting) {
  std::uint64_t size = 0;
  FrameStatus status = read_exactly(fd, reinterpret_cast<std::uint8_t*>(&size), sizeof size, keep_waiting);
  if (status != FrameStatus::ok) return status;
  if (size > kMaxFrame) return FrameStatus::closed;
  bytes.resize(size);
  return read_exactly(fd, bytes.data(), bytes.size(), keep_waiting);
}

}  // namespace latcast
