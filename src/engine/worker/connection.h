// A worker at the other end of a pipe, and the length-prefixed frames between: a process forked from this one, or any
// command whose standard input and output are the pipe ("ssh board latcast worker").
//
// The worker speaks first, a line `latcast-worker PROTOCOL VERSION`: whatever a login prints before it is skipped.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/scratch_folder.h"
#include "latcast/result.h"

namespace latcast {

/// Of what follows the greeting. Raised whenever a frame changes its meaning.
inline constexpr int kWorkerProtocol = 4;

enum class FrameStatus : std::uint8_t { ok, closed, timeout, memory, interrupted };
/// Asked while nothing comes; ends the wait by anything but ok.
using KeepWaiting = std::function<FrameStatus()>;

/// The worker's side: they wait for as long as it takes.
FrameStatus write_frame(int fd, std::span<const std::uint8_t> bytes);
FrameStatus read_frame(int fd, std::vector<std::uint8_t>& bytes);
FrameStatus write_greeting(int fd);

/// The command's side. Ends the worker when it goes.
class Connection {
 public:
  /// `serve` runs in the child with the worker's ends of the pipe. `address_space`: bytes of it; 0: no limit. This
  /// process must be single-threaded at that moment. The child dies with its parent. What it leaves in its temporary
  /// folder goes with this object, however the child ends.
  static Result<Connection> fork(const std::function<void(int, int)>& serve, std::size_t address_space);
  /// A shell runs the command.
  static Result<Connection> run(const std::string& command);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection() { stop(); }

  /// Of the process at the other end.
  [[nodiscard]] pid_t process() const { return pid_; }
  /// What the worker calls itself: its greeting without the first word.
  FrameStatus greeting(std::string& text, const KeepWaiting& keep_waiting);
  FrameStatus send(std::span<const std::uint8_t> bytes, const KeepWaiting& keep_waiting);
  FrameStatus receive(std::vector<std::uint8_t>& bytes, const KeepWaiting& keep_waiting);

  /// Ends the worker, which has closed the pipe: "ended with status 1; it said: ...".
  std::string end();

 private:
  struct Pipes;
  Connection() = default;
  static Result<Connection> start(const std::function<void(const Pipes&)>& child);
  FrameStatus wait(int fd, short events, const KeepWaiting& keep_waiting);
  FrameStatus read_all(std::uint8_t* at, std::size_t size, const KeepWaiting& keep_waiting);
  FrameStatus write_all(const std::uint8_t* at, std::size_t size, const KeepWaiting& keep_waiting);
  /// Takes what the worker has written to its standard error.
  void listen();
  /// Ends the worker, by force where it must be; its exit status.
  int stop();

  pid_t pid_ = -1;
  bool command_ = false;  // rather than a process of ours
  int request_ = -1, reply_ = -1, complaints_ = -1;
  std::string words_;                       // the last that the worker wrote to its standard error
  std::optional<ScratchFolder> temporary_;  // of a process of ours
};

}  // namespace latcast
