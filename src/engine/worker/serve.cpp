#include "engine/worker/serve.h"

#include <signal.h>
#include <unistd.h>

#include <exception>
#include <memory>
#include <utility>

#include "engine/machine.h"
#include "engine/worker/connection.h"
#include "engine/worker/model_files.h"

namespace latcast {
namespace {

using Json = nlohmann::json;

Json to_json(const BurstSpec& burst) {
  return {{"duration_ns", burst.duration.count()},
          {"warmup", burst.warmup},
          {"min_runs", burst.min_runs},
          {"max_runs", burst.max_runs}};
}

BurstSpec burst_spec(const Json& json) {
  return {Nanos(json.at("duration_ns").get<double>()), json.at("warmup"), json.at("min_runs"), json.at("max_runs")};
}

Json to_json(const MachineUse& use) { return {use.seconds, use.others, use.stolen, use.load, use.cpus}; }

std::string from_binary(const Json& json) {
  const auto& bytes = json.get_binary();
  return {bytes.begin(), bytes.end()};
}

EngineModel engine_model(const Json& json) {
  EngineModel model;
  model.file = json.at("file");
  model.bytes = from_binary(json.at("bytes"));
  for (const Json& input : json.at("inputs")) {
    std::optional<ValueRange> range;
    if (const Json& ends = input.at("range"); !ends.is_null()) range = {ends.at(0), ends.at(1)};
    model.inputs.push_back({input.at("name"), static_cast<onnx::DataType>(input.at("type").get<int>()),
                            input.at("dims"), range, from_binary(input.at("bytes"))});
  }
  model.free_dims = json.at("free_dims").get<std::map<std::string, std::int64_t>>();
  return model;
}

Json to_json(const Error& error) {
  return {{"error", {{"code", static_cast<int>(error.code)}, {"context", error.context}}}};
}

/// Serves requests; counts the model runs that each of them made.
class Server {
 public:
  explicit Server(Engine* engine) : engine_(engine) {}

  Json answer(const Json& question) {
    runs_ = 0;
    const std::string ask = question.at("ask");
    if (engine_ == nullptr && ask != "hello") return to_json(Error{Errc::invalid_input, "which engine?"});
    Json reply = ask == "hello"      ? hello(question)
                 : ask == "info"     ? info()
                 : ask == "describe" ? Json{{"settings", engine_->describe(settings_)}}
                 : ask == "graph"    ? graph(question)
                 : ask == "rest"     ? rest(question)
                                     : measure(question);
    reply["runs_made"] = runs_;
    if (engine_ != nullptr) reply["now_ns"] = engine_->now().count();
    return reply;
  }

 private:
  Json hello(const Json& question) {
    settings_.library = question.at("settings").at("library");
    settings_.threads = question.at("settings").at("threads");
    settings_.session = question.at("settings").at("session").get<std::map<std::string, std::string>>();
    if (engine_ == nullptr) {
      auto engine = make_engine(question.at("engine").get<std::string>());
      if (!engine) return to_json(engine.error());
      own_ = std::move(*engine);
      engine_ = own_.get();
    }
    can_ = engine_->capabilities(settings_);
    const MachineInfo machine = read_machine();
    return {
        {"machine", {{"device", machine.device}, {"cpu_features", machine.cpu_features}, {"context", machine.context}}},
        {"capabilities", to_json(can_)},
        {"own_clock", engine_->own_clock()}};
  }

  Json info() {
    const EngineInfo info = engine_->info(settings_);
    return {{"name", info.name},
            {"available", info.available},
            {"version", info.version},
            {"library", info.library},
            {"problem", info.problem}};
  }

  Json graph(const Json& question) {
    if (!can_.executed_graph)
      return to_json(Error{Errc::unsupported, std::string(engine_->id()) + " does not tell what it executes"});
    const auto model = take_model(question.at("model"));
    if (!model) return to_json(model.error());
    if (lacking(*model)) return {{"lacks_model", true}};
    auto graph = engine_->executed_graph(*model, settings_);
    return graph ? Json{{"graph", binary(write_executed_graph(*graph))}} : to_json(graph.error());
  }

  Json measure(const Json& question) {
    const MachineTimes before = engine_->machine_times(settings_);
    const Nanos start = engine_->now();
    const auto model = take_model(question.at("model"));
    if (!model) return to_json(model.error());
    if (lacking(*model)) return {{"lacks_model", true}};
    ExecutedGraph graph;
    const bool profile = can_.node_times != "none" && question.contains("profile");
    const bool want_graph = can_.executed_graph && question.value("want_graph", false);
    LoadOptions options{profile, want_graph ? &graph : nullptr};
    const auto settings = under(settings_, question.at("conditions").get<Conditions>(), can_);
    if (!settings) return to_json(settings.error());
    auto session = engine_->load(*model, *settings, options);
    if (!session) return to_json(session.error());
    const Nanos load_time = engine_->now() - start;
    Json nodes = Json::array();
    Json overheads = Json::object();
    if (profile) {
      const BurstSpec spec = burst_spec(question.at("profile"));
      if (auto runs = burst(**session, spec); !runs) return to_json(runs.error());
      auto times = (*session)->end_profiling(static_cast<std::size_t>(spec.warmup), 0.4);
      if (!times) return to_json(times.error());
      for (const NodeTime& time : times->nodes) nodes.push_back({time.name, time.op, time.mean_ns, time.output_dims});
      overheads = times->overheads;
    }
    auto runs = burst(**session, burst_spec(question.at("burst")));
    if (!runs) return to_json(runs.error());
    return {{"runs_ns", *runs},
            {"nodes", std::move(nodes)},
            {"overheads", std::move(overheads)},
            {"graph", want_graph ? binary(write_executed_graph(graph)) : Json()},
            {"load_ns", load_time.count()},
            {"elapsed_ns", (engine_->now() - start).count()},
            {"resident_bytes", resident_bytes("self")},
            {"use", to_json(use_since(before, start))}};
  }

  Json rest(const Json& question) {
    const MachineTimes before = engine_->machine_times(settings_);
    const Nanos start = engine_->now();
    engine_->rest(Nanos(question.at("time_ns").get<double>()));
    return {{"use", to_json(use_since(before, start))}};
  }

  [[nodiscard]] MachineUse use_since(const MachineTimes& before, Nanos start) const {
    return use_between(before, engine_->machine_times(settings_), (engine_->now() - start).count() / 1e9);
  }

  /// With its files as they lie here. A file without a name: they must be sent first.
  Result<EngineModel> take_model(const Json& json) {
    EngineModel model = engine_model(json);
    const std::string key = json.at("key");
    if (key.empty()) return model;
    if (json.contains("files")) {
      FileBytes files;
      for (const auto& [name, bytes] : json.at("files").items()) files.emplace(name, from_binary(bytes));
      auto file = files_.keep(key, files);
      if (!file) return tl::unexpected(file.error());
      model.file = std::move(*file);
    } else {
      model.file = files_.find(key).value_or("");
    }
    return model;
  }
  static bool lacking(const EngineModel& model) { return model.bytes.empty() && model.file.empty(); }

  Result<std::vector<double>> burst(Session& session, const BurstSpec& spec) {
    for (int i = 0; i < spec.warmup; ++i) {
      ++runs_;
      if (auto time = session.run(); !time) return tl::unexpected(time.error());
    }
    std::vector<double> runs;
    Nanos total{0};
    while (static_cast<int>(runs.size()) < spec.max_runs &&
           (total < spec.duration || static_cast<int>(runs.size()) < spec.min_runs)) {
      ++runs_;
      auto time = session.run();
      if (!time) return tl::unexpected(time.error());
      runs.push_back(time->count());
      total += *time;
    }
    return runs;
  }

  Engine* engine_;
  std::unique_ptr<Engine> own_;
  EngineSettings settings_;
  EngineCapabilities can_;
  ReceivedFiles files_;
  std::uint64_t runs_ = 0;
};

}  // namespace

Json binary(const std::string& bytes) { return Json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end())); }

Json to_json(const EngineSettings& settings) {
  return {{"library", settings.library}, {"threads", settings.threads}, {"session", settings.session}};
}

Json to_json(const EngineCapabilities& can) {
  return {{"formats", can.formats},
          {"devices", can.devices},
          {"element_types", can.element_types},
          {"executed_graph", can.executed_graph},
          {"node_times", can.node_times},
          {"conditions", can.conditions},
          {"session_options", can.session_options},
          {"limits", {{"memory", can.limits.memory}, {"patience", can.limits.patience}}}};
}

EngineCapabilities read_capabilities(const Json& json) {
  const Json& limits = json.at("limits");
  return {json.at("formats"),         json.at("devices"),
          json.at("element_types"),   json.at("executed_graph"),
          json.at("node_times"),      json.at("conditions"),
          json.at("session_options"), {limits.at("memory"), limits.at("patience")}};
}

Json to_json(const EngineModel& model, const std::string& key) {
  Json inputs = Json::array();
  for (const InputSpec& input : model.inputs) {
    inputs.push_back({{"name", input.name},
                      {"type", static_cast<int>(input.type)},
                      {"dims", input.dims},
                      {"range", input.range ? Json{input.range->from, input.range->to} : Json()},
                      {"bytes", binary(input.bytes)}});
  }
  return {{"key", key},
          {"file", model.file},
          {"bytes", binary(model.bytes)},
          {"inputs", std::move(inputs)},
          {"free_dims", model.free_dims}};
}

Json to_json(const MeasureRequest& request, const std::string& key) {
  Json json = {{"ask", "measure"},
               {"model", to_json(request.model, key)},
               {"burst", to_json(request.burst)},
               {"want_graph", request.want_executed_graph},
               {"conditions", request.conditions}};
  if (request.profile) json["profile"] = to_json(*request.profile);
  return json;
}

Result<ExecutedGraph> executed_graph(const Json& json) { return read_executed_graph(from_binary(json.at("graph"))); }

MachineUse machine_use(const Json& json) {
  const Json& use = json.at("use");
  return {use.at(0), use.at(1), use.at(2), use.at(3), use.at(4)};
}

Result<MeasureReply> measure_reply(const Json& json) {
  MeasureReply reply;
  reply.runs_ns = json.at("runs_ns").get<std::vector<double>>();
  for (const Json& node : json.at("nodes")) {
    reply.profile.nodes.push_back({node.at(0), node.at(1), node.at(2), node.at(3)});
  }
  reply.profile.overheads = json.at("overheads").get<std::map<std::string, std::vector<double>>>();
  if (!json.at("graph").is_null()) {
    auto graph = executed_graph(json);
    if (!graph) return tl::unexpected(graph.error());
    reply.executed_graph = std::move(*graph);
  }
  reply.load_ns = json.at("load_ns");
  reply.elapsed_ns = json.at("elapsed_ns");
  reply.resident_bytes = json.at("resident_bytes");
  reply.use = machine_use(json);
  return reply;
}

void serve_standard_streams() {
  const int reply = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);  // what the engine prints must not get among the frames
  signal(SIGINT, SIG_IGN);             // Ctrl-C is the command's to handle, at the other end
  signal(SIGPIPE, SIG_IGN);            // a command that has gone ends the loop, and what was received is removed
  serve(STDIN_FILENO, reply);
}

void serve(int request_fd, int reply_fd, Engine* engine) {
  if (write_greeting(reply_fd) != FrameStatus::ok) return;
  Server server(engine);
  std::vector<std::uint8_t> bytes;
  while (read_frame(request_fd, bytes) == FrameStatus::ok) {
    Json reply;
    try {
      reply = server.answer(Json::from_msgpack(bytes));
    } catch (const std::bad_alloc&) {
      reply = to_json(Error{Errc::engine_failure, "out of memory"});
    } catch (const std::exception& problem) {
      reply = to_json(Error{Errc::engine_failure, problem.what()});
    }
    if (write_frame(reply_fd, Json::to_msgpack(reply)) != FrameStatus::ok) return;
  }
}

}  // namespace latcast
