#include "engine/worker/worker.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "engine/worker/connection.h"
#include "engine/worker/model_files.h"
#include "engine/worker/serve.h"

namespace latcast {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

bool (*interrupt_check)() = nullptr;

bool interrupted() { return interrupt_check != nullptr && interrupt_check(); }

KeepWaiting until(Clock::time_point deadline) {
  return [deadline] {
    if (interrupted()) return FrameStatus::interrupted;
    return Clock::now() < deadline ? FrameStatus::ok : FrameStatus::timeout;
  };
}

/// False: interrupted.
bool pause_for(std::chrono::milliseconds time) {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) {
    if (interrupted()) return false;
    usleep(static_cast<useconds_t>(std::min<std::chrono::microseconds>(std::chrono::milliseconds(50), time).count()));
  }
  return true;
}

std::string in_seconds(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

void set_interrupt_check(bool (*check)()) { interrupt_check = check; }

struct Worker::State {
  std::string id;
  std::unique_ptr<Engine> engine;  // of a process of our own; a command has its engine at its end
  Error no_engine;
  EngineSettings settings;
  WorkerLimits limits;
  std::optional<Connection> connection;
  bool was_there = false;  // a connection has been made before
  MachineInfo machine;
  EngineCapabilities can;
  bool own_clock = false;
  Nanos clock{0};  // of the engine, where it has one of its own
  std::uint64_t runs = 0;
  MachineUse use, last_use;  // during measurements

  [[nodiscard]] bool remote() const { return !settings.worker.empty(); }
  /// Bytes of that kind of memory; 0: no limit.
  [[nodiscard]] std::size_t memory_limit(std::string_view kind) const {
    return !remote() && can.limits.memory == kind ? limits.memory_bytes : 0;
  }
  [[nodiscard]] std::chrono::milliseconds allowed_time() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(can.limits.patience * limits.timeout);
  }
  [[nodiscard]] std::string name() const {
    return remote() ? "the worker '" + settings.worker + "'" : "the engine's worker process";
  }

  /// A command that worked before is tried again, a little later each time.
  Result<void> start() {
    if (connection) return {};
    if (!remote() && engine == nullptr) return tl::unexpected(no_engine);
    constexpr int kTries = 5;
    std::chrono::milliseconds pause = limits.first_pause;
    auto ok = connect();
    for (int tries = 1; !ok && remote() && was_there && tries < kTries; ++tries, pause *= 2) {
      if (ok.error().code != Errc::engine_unavailable) break;
      if (!pause_for(pause)) return fail(Errc::interrupted, "interrupted");
      ok = connect();
    }
    if (ok) was_there = true;
    return ok;
  }

  Result<void> connect() {
    if (!remote()) can = engine->capabilities(settings);
    auto made = remote() ? Connection::run(settings.worker)
                         : Connection::fork([this](int request, int reply) { serve(request, reply, engine.get()); },
                                            memory_limit("address_space"));
    if (!made) return tl::unexpected(made.error());
    connection = std::move(*made);
    std::string greeting;
    const FrameStatus status = connection->greeting(greeting, until(Clock::now() + limits.greeting));
    if (status == FrameStatus::timeout) {
      connection.reset();
      return fail(Errc::engine_unavailable, name() + " did not greet within " + in_seconds(limits.greeting) +
                                                ": the command must run 'latcast worker' at its other end");
    }
    if (status != FrameStatus::ok) return give_up(status, Errc::engine_unavailable);
    int protocol = 0;
    std::from_chars(greeting.data(), greeting.data() + greeting.size(), protocol);
    if (protocol != kWorkerProtocol) {
      connection.reset();
      return fail(Errc::mismatch,
                  name() + " is latcast " + greeting.substr(std::min(greeting.find(' ') + 1, greeting.size())) +
                      ", protocol " + std::to_string(protocol) + "; this is latcast " LATCAST_VERSION ", protocol " +
                      std::to_string(kWorkerProtocol) + ": install the same version at both ends");
    }
    const auto hello = exchange({{"ask", "hello"}, {"engine", id}, {"settings", to_json(settings)}});
    if (!hello) {
      connection.reset();
      return tl::unexpected(hello.error());
    }
    try {
      const Json& told = hello->at("machine");
      machine = {told.at("device"), told.at("cpu_features"), told.at("context")};
      can = read_capabilities(hello->at("capabilities"));
      own_clock = hello->at("own_clock");
    } catch (const Json::exception&) {
      connection.reset();
      return fail(Errc::engine_failure, name() + " did not introduce itself");
    }
    return {};
  }

  Result<Json> ask(const Json& question) {
    if (auto ok = start(); !ok) return tl::unexpected(ok.error());
    return exchange(question);
  }

  Result<Json> exchange(const Json& question) {
    if (!connection) return fail(Errc::engine_unavailable, name() + " is not there");
    const KeepWaiting keep_waiting = [this, in_time = until(Clock::now() + allowed_time()),
                                      most = memory_limit("resident")] {
      const bool too_much =
          most > 0 && resident_bytes(std::to_string(connection->process())) > static_cast<double>(most);
      return too_much ? FrameStatus::memory : in_time();
    };
    std::vector<std::uint8_t> answer;
    FrameStatus status = connection->send(Json::to_msgpack(question), keep_waiting);
    if (status == FrameStatus::ok) status = connection->receive(answer, keep_waiting);
    if (status != FrameStatus::ok) return give_up(status, Errc::engine_failure);
    Json reply = Json::from_msgpack(answer, true, false);
    if (reply.is_discarded() || !reply.is_object()) {
      connection.reset();
      return fail(Errc::engine_failure, name() + " answered nonsense");
    }
    runs += reply.value("runs_made", std::uint64_t{0});
    clock = Nanos(reply.value("now_ns", clock.count()));
    if (reply.contains("error")) {
      return fail(static_cast<Errc>(reply["error"].value("code", 0)),
                  reply["error"].value("context", std::string("unknown")));
    }
    return reply;
  }

  /// What `make` asks about a model, whose files are sent first where the worker is elsewhere and lacks them.
  template <class Make>
  Result<Json> ask_about(const EngineModel& model, const Make& make) {
    if (!remote() || !model.bytes.empty()) return ask(make(std::string()));
    const auto key = model_key(model.file);
    if (!key) return tl::unexpected(key.error());
    Json question = make(*key);
    auto reply = ask(question);
    if (!reply || !reply->contains("lacks_model")) return reply;
    const auto files = read_model_files(model.file);
    if (!files) return tl::unexpected(files.error());
    for (const auto& [file, bytes] : *files) question["model"]["files"][file] = binary(bytes);
    return ask(question);
  }

  tl::unexpected<Error> give_up(FrameStatus why, Errc code) {
    if (why == FrameStatus::interrupted) {
      connection.reset();
      return fail(Errc::interrupted, "interrupted");
    }
    if (why == FrameStatus::timeout) {
      connection.reset();
      return fail(Errc::engine_failure, "the engine did not answer within " + in_seconds(allowed_time()) +
                                            "; its worker process was stopped");
    }
    if (why == FrameStatus::memory) {
      connection.reset();
      return fail(Errc::engine_failure, "the engine used more memory than " +
                                            std::to_string(limits.memory_bytes >> 20) +
                                            " MiB; its worker process was stopped");
    }
    std::string message = name() + " " + connection->end();
    if (memory_limit("address_space") > 0)
      message += "; it may use " + std::to_string(limits.memory_bytes >> 20) + " MiB";
    connection.reset();
    return fail(code, message);
  }
};

Worker::Worker(std::string engine_id, EngineSettings settings, WorkerLimits limits)
    : state_(std::make_unique<State>()) {
  state_->id = std::move(engine_id);
  state_->settings = std::move(settings);
  state_->limits = limits;
  signal(SIGPIPE, SIG_IGN);  // a dead worker is an error value, not a signal
  if (state_->remote()) return;
  if (auto engine = make_engine(state_->id)) {
    state_->engine = std::move(*engine);
  } else {
    state_->no_engine = engine.error();
  }
}

Worker::~Worker() = default;

void Worker::set_limits(WorkerLimits limits) {
  state_->limits = limits;
  restart();
}

void Worker::restart() { state_->connection.reset(); }

std::uint64_t Worker::runs_made() const { return state_->runs; }

Nanos Worker::now() const {
  if (state_->engine != nullptr) return state_->engine->now();
  return state_->own_clock ? state_->clock : Nanos(Clock::now().time_since_epoch());
}

Result<MachineInfo> Worker::machine() {
  if (auto ok = state_->start(); !ok) return tl::unexpected(ok.error());
  return state_->machine;
}

/// What a reply says; one that lacks it is an error.
template <class Read>
auto read_reply(const Result<Json>& reply, const Read& read) -> decltype(read(*reply)) {
  if (!reply) return tl::unexpected(reply.error());
  try {
    return read(*reply);
  } catch (const Json::exception&) {
    return fail(Errc::engine_failure, "the worker's answer lacks what was asked for: " + reply->dump().substr(0, 100));
  }
}

Result<EngineInfo> Worker::info() {
  return read_reply(state_->ask({{"ask", "info"}}), [this](const Json& reply) -> Result<EngineInfo> {
    return EngineInfo{reply.at("name"),    reply.at("available"), reply.at("version"),
                      reply.at("library"), reply.at("problem"),   state_->can};
  });
}

Result<EngineCapabilities> Worker::capabilities() {
  if (auto ok = state_->start(); !ok) return tl::unexpected(ok.error());
  return state_->can;
}

Result<std::map<std::string, std::string>> Worker::describe() {
  using Options = std::map<std::string, std::string>;
  return read_reply(state_->ask({{"ask", "describe"}}),
                    [](const Json& reply) -> Result<Options> { return reply.at("settings").get<Options>(); });
}

Result<ExecutedGraph> Worker::executed_graph(const EngineModel& model) {
  const auto reply = state_->ask_about(
      model, [&](const std::string& key) { return Json{{"ask", "graph"}, {"model", to_json(model, key)}}; });
  return read_reply(reply, latcast::executed_graph);
}

Result<MeasureReply> Worker::measure(const MeasureRequest& request) {
  auto reply = read_reply(
      state_->ask_about(request.model, [&](const std::string& key) { return to_json(request, key); }), measure_reply);
  if (!reply) return reply;
  state_->last_use = reply->use;
  state_->use.add(reply->use);
  return reply;
}

Result<MachineUse> Worker::rest(Nanos time) {
  return read_reply(state_->ask({{"ask", "rest"}, {"time_ns", time.count()}}),
                    [](const Json& reply) -> Result<MachineUse> { return latcast::machine_use(reply); });
}

const MachineUse& Worker::machine_use() const { return state_->use; }
const MachineUse& Worker::last_use() const { return state_->last_use; }

}  // namespace latcast
