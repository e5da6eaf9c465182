#include "engine/worker/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace latcast {
namespace {

constexpr std::uint64_t kMaxFrame = 4ULL << 30;
constexpr std::size_t kAtOnce = 1U << 30;
constexpr std::string_view kGreeting = "latcast-worker ";
constexpr std::size_t kLongestBanner = 1 << 20;  // bytes before the greeting

// AddressSanitizer reserves terabytes of address space for itself: no limit can be set beside it.
#if defined(LATCAST_ADDRESS_SANITIZER)
constexpr bool kAddressSpaceCanBeLimited = false;
#else
constexpr bool kAddressSpaceCanBeLimited = true;
#endif

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = strsignal(WTERMSIG(status));
    return std::string("was killed by signal ") + std::to_string(WTERMSIG(status)) + " (" +
           (name != nullptr ? name : "?") + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

bool again(ssize_t moved) { return moved < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK); }

FrameStatus write_blocking(int fd, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const std::uint8_t*>(bytes);
  while (size > 0) {
    const ssize_t wrote = write(fd, at, std::min(size, kAtOnce));
    if (again(wrote)) continue;
    if (wrote <= 0) return FrameStatus::closed;
    at += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return FrameStatus::ok;
}

FrameStatus read_blocking(int fd, void* bytes, std::size_t size) {
  auto* at = static_cast<std::uint8_t*>(bytes);
  while (size > 0) {
    const ssize_t got = read(fd, at, std::min(size, kAtOnce));
    if (again(got)) continue;
    if (got <= 0) return FrameStatus::closed;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return FrameStatus::ok;
}

}  // namespace

FrameStatus write_greeting(int fd) {
  const std::string line = std::string(kGreeting) + std::to_string(kWorkerProtocol) + " " LATCAST_VERSION "\n";
  return write_blocking(fd, line.data(), line.size());
}

FrameStatus write_frame(int fd, std::span<const std::uint8_t> bytes) {
  const std::uint64_t size = bytes.size();
  const FrameStatus status = write_blocking(fd, &size, sizeof size);
  return status == FrameStatus::ok ? write_blocking(fd, bytes.data(), bytes.size()) : status;
}

FrameStatus read_frame(int fd, std::vector<std::uint8_t>& bytes) {
  std::uint64_t size = 0;
  if (read_blocking(fd, &size, sizeof size) != FrameStatus::ok || size > kMaxFrame) return FrameStatus::closed;
  bytes.resize(size);
  return read_blocking(fd, bytes.data(), bytes.size());
}

/// Both ends of the three pipes; what is not taken is closed.
struct Connection::Pipes {
  std::array<int, 2> request{-1, -1}, reply{-1, -1}, complaints{-1, -1};

  Pipes() = default;
  Pipes(const Pipes&) = delete;
  Pipes& operator=(const Pipes&) = delete;
  ~Pipes() {
    for (const auto& pipe : {request, reply, complaints}) {
      for (const int fd : pipe) {
        if (fd >= 0) close(fd);
      }
    }
  }
  [[nodiscard]] bool open() {
    for (auto* pipe : {&request, &reply, &complaints}) {
      if (pipe2(pipe->data(), O_CLOEXEC) != 0) return false;
    }
    return true;
  }
};

Connection::Connection(Connection&& other) noexcept { *this = std::move(other); }

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(request_, other.request_);
  std::swap(reply_, other.reply_);
  std::swap(complaints_, other.complaints_);
  std::swap(command_, other.command_);
  std::swap(words_, other.words_);
  std::swap(temporary_, other.temporary_);
  return *this;
}

Result<Connection> Connection::start(const std::function<void(const Pipes&)>& child) {
  Pipes pipes;
  if (!pipes.open()) return fail(Errc::io, "cannot create a pipe: " + std::string(std::strerror(errno)));
  const pid_t parent = getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Errc::io, "cannot start a worker process: " + std::string(std::strerror(errno)));
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    signal(SIGINT, SIG_IGN);  // Ctrl-C is the parent's to handle
    signal(SIGPIPE, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    child(pipes);
    _exit(0);
  }
  Connection out;
  out.pid_ = pid;
  out.request_ = std::exchange(pipes.request[1], -1);
  out.reply_ = std::exchange(pipes.reply[0], -1);
  out.complaints_ = std::exchange(pipes.complaints[0], -1);
  for (const int fd : {out.request_, out.reply_, out.complaints_}) fcntl(fd, F_SETFL, O_NONBLOCK);
  return out;
}

Result<Connection> Connection::fork(const std::function<void(int, int)>& serve, std::size_t address_space) {
  auto temporary = ScratchFolder::make();  // where none can be made, the engine may need none
  auto out = start([&](const Pipes& pipes) {
    if (temporary) setenv("TMPDIR", temporary->path().c_str(), 1);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(pipes.complaints[1], STDERR_FILENO);
    if (kAddressSpaceCanBeLimited && address_space > 0) {
      const rlimit limit{address_space, address_space};
      setrlimit(RLIMIT_AS, &limit);
    }
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    // The parent's ends would keep the pipe open after it has gone.
    for (const int fd : {pipes.request[1], pipes.reply[0], pipes.complaints[0]}) close(fd);
    serve(pipes.request[0], pipes.reply[1]);
  });
  if (out && temporary) out->temporary_ = std::move(*temporary);
  return out;
}

Result<Connection> Connection::run(const std::string& command) {
  auto out = start([&](const Pipes& pipes) {
    dup2(pipes.request[0], STDIN_FILENO);
    dup2(pipes.reply[1], STDOUT_FILENO);
    dup2(pipes.complaints[1], STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  });
  if (out) out->command_ = true;
  return out;
}

void Connection::listen() {
  constexpr std::size_t kKept = 2048;
  std::array<char, 1 << 16> buffer{};
  const ssize_t got = read(complaints_, buffer.data(), buffer.size());
  if (again(got)) return;
  if (got <= 0) {
    close(std::exchange(complaints_, -1));
    return;
  }
  words_.append(buffer.data(), static_cast<std::size_t>(got));
  if (words_.size() > kKept) words_.erase(0, words_.size() - kKept);
}

FrameStatus Connection::wait(int fd, short events, const KeepWaiting& keep_waiting) {
  while (true) {
    std::array<pollfd, 2> waiting{pollfd{fd, events, 0}, pollfd{complaints_, POLLIN, 0}};
    poll(waiting.data(), waiting.size(), 50);
    if (waiting[1].revents != 0) listen();
    if (waiting[0].revents != 0) return FrameStatus::ok;
    if (const FrameStatus status = keep_waiting(); status != FrameStatus::ok) return status;
  }
}

FrameStatus Connection::read_all(std::uint8_t* at, std::size_t size, const KeepWaiting& keep_waiting) {
  while (size > 0) {
    if (const FrameStatus status = wait(reply_, POLLIN, keep_waiting); status != FrameStatus::ok) return status;
    const ssize_t got = read(reply_, at, std::min(size, kAtOnce));
    if (again(got)) continue;
    if (got <= 0) return FrameStatus::closed;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return FrameStatus::ok;
}

FrameStatus Connection::write_all(const std::uint8_t* at, std::size_t size, const KeepWaiting& keep_waiting) {
  while (size > 0) {
    if (const FrameStatus status = wait(request_, POLLOUT, keep_waiting); status != FrameStatus::ok) return status;
    const ssize_t wrote = write(request_, at, std::min(size, kAtOnce));
    if (again(wrote)) continue;
    if (wrote <= 0) return FrameStatus::closed;
    at += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return FrameStatus::ok;
}

FrameStatus Connection::greeting(std::string& text, const KeepWaiting& keep_waiting) {
  std::string line;
  for (std::size_t read = 0; read < kLongestBanner; ++read) {
    std::uint8_t byte = 0;
    if (const FrameStatus status = read_all(&byte, 1, keep_waiting); status != FrameStatus::ok) return status;
    if (byte != '\n') {
      line += static_cast<char>(byte);
      continue;
    }
    if (line.starts_with(kGreeting)) {
      text = line.substr(kGreeting.size());
      return FrameStatus::ok;
    }
    line.clear();
  }
  return FrameStatus::timeout;
}

FrameStatus Connection::send(std::span<const std::uint8_t> bytes, const KeepWaiting& keep_waiting) {
  const std::uint64_t size = bytes.size();
  const FrameStatus status = write_all(reinterpret_cast<const std::uint8_t*>(&size), sizeof size, keep_waiting);
  return status == FrameStatus::ok ? write_all(bytes.data(), bytes.size(), keep_waiting) : status;
}

FrameStatus Connection::receive(std::vector<std::uint8_t>& bytes, const KeepWaiting& keep_waiting) {
  std::uint64_t size = 0;
  const FrameStatus status = read_all(reinterpret_cast<std::uint8_t*>(&size), sizeof size, keep_waiting);
  if (status != FrameStatus::ok) return status;
  if (size > kMaxFrame) return FrameStatus::closed;
  bytes.resize(size);
  return read_all(bytes.data(), bytes.size(), keep_waiting);
}

std::string Connection::end() {
  // The worker has ended or is about to. Its own signal tells more than our kill would.
  int status = 0;
  bool ended = false;
  for (int tries = 0; tries < 200 && pid_ > 0 && !ended; ++tries) {
    ended = waitpid(pid_, &status, WNOHANG) == pid_;
    if (!ended) usleep(1000);
  }
  for (std::size_t before = words_.size() + 1; complaints_ >= 0 && words_.size() != before;) {
    before = words_.size();
    listen();
  }
  if (ended) pid_ = -1;
  const int killed = stop();
  std::string text = describe_end(ended ? status : killed);
  while (!words_.empty() && (words_.back() == '\n' || words_.back() == ' ')) words_.pop_back();
  const std::size_t line = words_.rfind('\n');
  const std::string last = line == std::string::npos ? words_ : words_.substr(line + 1);
  return text + (last.empty() ? "" : "; it said: " + last);
}

int Connection::stop() {
  for (int* fd : {&request_, &reply_, &complaints_}) {
    if (*fd >= 0) close(std::exchange(*fd, -1));
  }
  int status = 0;
  // A command's worker ends by itself when its pipe closes, and takes the files with it that it was sent.
  for (int tries = 0; tries < 300 && command_ && pid_ > 0; ++tries) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) pid_ = -1;
    if (pid_ > 0) usleep(1000);
  }
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  pid_ = -1;
  return status;
}

}  // namespace latcast
