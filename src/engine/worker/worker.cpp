#include "engine/worker/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/worker/serve.h"

namespace latcast {
namespace {

using Json = nlohmann::json;

// AddressSanitizer reserves terabytes of address space for itself: no limit can be set beside it.
#if defined(LATCAST_ADDRESS_SANITIZER)
constexpr bool kAddressSpaceCanBeLimited = false;
#else
constexpr bool kAddressSpaceCanBeLimited = true;
#endif

bool (*interrupt_check)() = nullptr;

struct Process {
  pid_t pid = -1;
  int request = -1;     // written by us
  int reply = -1;       // read by us
  int complaints = -1;  // memfd that takes the worker's stderr
};

/// The last line the worker wrote to stderr, for the error message.
std::string last_words(int fd) {
  std::array<char, 2048> buffer{};
  const off_t size = lseek(fd, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(buffer.size()));
  const ssize_t got = pread(fd, buffer.data(), buffer.size(), from);
  std::string text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const std::size_t line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = strsignal(WTERMSIG(status));
    return std::string("was killed by signal ") + std::to_string(WTERMSIG(status)) + " (" +
           (name != nullptr ? name : "?") + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

void set_interrupt_check(bool (*check)()) { interrupt_check = check; }

struct Worker::State {
  std::unique_ptr<Engine> engine;
  Error no_engine;
  EngineSettings settings;
  WorkerLimits limits;
  Process process;
  std::uint64_t runs = 0;

  Result<void> start() {
    if (engine == nullptr) return tl::unexpected(no_engine);
    if (process.pid > 0) return {};
    int to_worker[2];
    int from_worker[2];
    if (pipe2(to_worker, O_CLOEXEC) != 0)
      return fail(Errc::io, "cannot create a pipe: " + std::string(std::strerror(errno)));
    if (pipe2(from_worker, O_CLOEXEC) != 0) {
      close(to_worker[0]);
      close(to_worker[1]);
      return fail(Errc::io, "cannot create a pipe: " + std::string(std::strerror(errno)));
    }
    const int complaints = memfd_create("latcast-worker-stderr", MFD_CLOEXEC);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) run_child(parent, to_worker[0], from_worker[1], complaints);
    close(to_worker[0]);
    close(from_worker[1]);
    process = {pid, to_worker[1], from_worker[0], complaints};
    if (pid < 0) {
      stop();
      return fail(Errc::io, "cannot start a worker process: " + std::string(std::strerror(errno)));
    }
    return {};
  }

  [[noreturn]] void run_child(pid_t parent, int request, int reply, int complaints) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    signal(SIGINT, SIG_IGN);  // Ctrl-C is the parent's to handle
    signal(SIGPIPE, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(complaints >= 0 ? complaints : null, STDERR_FILENO);
    if (kAddressSpaceCanBeLimited && limits.memory_bytes > 0) {
      const rlimit limit{limits.memory_bytes, limits.memory_bytes};
      setrlimit(RLIMIT_AS, &limit);
    }
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    serve(*engine, settings, request, reply);
    _exit(0);
  }

  /// Ends the worker for good; its exit status.
  int stop() {
    int status = 0;
    if (process.pid > 0) {
      kill(process.pid, SIGKILL);
      while (waitpid(process.pid, &status, 0) < 0 && errno == EINTR) {
      }
    }
    for (const int fd : {process.request, process.reply, process.complaints}) {
      if (fd >= 0) close(fd);
    }
    process = {};
    return status;
  }

  Result<Json> ask(const Json& question) {
    if (auto ok = start(); !ok) return tl::unexpected(ok.error());
    const auto deadline = std::chrono::steady_clock::now() + limits.timeout;
    const std::vector<std::uint8_t> bytes = Json::to_msgpack(question);
    std::vector<std::uint8_t> answer;
    FrameStatus status = write_frame(process.request, bytes);
    if (status == FrameStatus::ok) {
      status = read_frame(process.reply, answer, [&] { return keep_waiting(deadline); });
    }
    if (status != FrameStatus::ok) return give_up(status);
    Json reply = Json::from_msgpack(answer, true, false);
    if (reply.is_discarded() || !reply.is_object()) {
      stop();
      return fail(Errc::engine_failure, "the worker process answered nonsense");
    }
    runs += reply.value("runs_made", std::uint64_t{0});
    if (reply.contains("error")) {
      return fail(static_cast<Errc>(reply["error"].value("code", 0)),
                  reply["error"].value("context", std::string("unknown")));
    }
    return reply;
  }

  static FrameStatus keep_waiting(std::chrono::steady_clock::time_point deadline) {
    if (interrupt_check != nullptr && interrupt_check()) return FrameStatus::interrupted;
    return std::chrono::steady_clock::now() < deadline ? FrameStatus::ok : FrameStatus::timeout;
  }

  tl::unexpected<Error> give_up(FrameStatus why) {
    if (why == FrameStatus::interrupted) {
      stop();
      return fail(Errc::interrupted, "interrupted");
    }
    if (why == FrameStatus::timeout) {
      stop();
      return fail(Errc::engine_failure,
                  "the engine did not answer within " +
                      std::to_string(std::chrono::ceil<std::chrono::seconds>(limits.timeout).count()) +
                      " s; its worker process was stopped");
    }
    const std::string words = process.complaints >= 0 ? last_words(process.complaints) : "";
    // The pipe is closed: the process has ended or is about to. Its own signal tells more than our kill would.
    int status = 0;
    for (int tries = 0; tries < 200 && waitpid(process.pid, &status, WNOHANG) == 0; ++tries) usleep(1000);
    process.pid = WIFEXITED(status) || WIFSIGNALED(status) ? -1 : process.pid;
    stop();
    std::string message = "the engine's worker process " + describe_end(status);
    if (limits.memory_bytes > 0) message += "; it may use " + std::to_string(limits.memory_bytes >> 20) + " MiB";
    return fail(Errc::engine_failure, message + (words.empty() ? "" : "; it said: " + words));
  }
};

Worker::Worker(std::string engine_id, EngineSettings settings, WorkerLimits limits)
    : state_(std::make_unique<State>()) {
  state_->settings = std::move(settings);
  state_->limits = limits;
  if (auto engine = make_engine(engine_id)) {
    state_->engine = std::move(*engine);
  } else {
    state_->no_engine = engine.error();
  }
  signal(SIGPIPE, SIG_IGN);  // a dead worker is an error value, not a signal
}

Worker::~Worker() { state_->stop(); }

void Worker::set_limits(WorkerLimits limits) {
  state_->limits = limits;
  restart();
}

void Worker::restart() { state_->stop(); }

std::uint64_t Worker::runs_made() const { return state_->runs; }

Nanos Worker::now() const {
  return state_->engine != nullptr ? state_->engine->now() : Nanos(std::chrono::steady_clock::now().time_since_epoch());
}

Result<EngineInfo> Worker::info() {
  auto reply = state_->ask({{"ask", "info"}});
  if (!reply) return tl::unexpected(reply.error());
  return EngineInfo{reply->at("name"), reply->at("available"), reply->at("version"), reply->at("library"),
                    reply->at("problem")};
}

Result<std::map<std::string, std::string>> Worker::describe() {
  auto reply = state_->ask({{"ask", "describe"}});
  if (!reply) return tl::unexpected(reply.error());
  return reply->at("settings").get<std::map<std::string, std::string>>();
}

Result<std::string> Worker::executed_graph(const EngineModel& model) {
  auto reply = state_->ask({{"ask", "graph"}, {"model", to_json(model)}});
  if (!reply) return tl::unexpected(reply.error());
  return from_binary(reply->at("graph"));
}

Result<MeasureReply> Worker::measure(const MeasureRequest& request) {
  auto reply = state_->ask(to_json(request));
  if (!reply) return tl::unexpected(reply.error());
  return measure_reply(*reply);
}

}  // namespace latcast
