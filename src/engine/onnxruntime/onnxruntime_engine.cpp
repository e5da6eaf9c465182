#include "engine/onnxruntime/onnxruntime_engine.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <system_error>

#include "engine/onnxruntime/library.h"
#include "engine/onnxruntime/profile_reader.h"
#include "engine/onnxruntime/saved_graph.h"
#include "engine/onnxruntime/session_settings.h"
#include "engine/scratch_folder.h"
#include "graph/tensor_data.h"

namespace latcast {
namespace {

namespace fs = std::filesystem;
using ort::check;
using ort::Library;

Result<std::string> read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream && !stream.eof()) return fail(Errc::io, "cannot read " + file.string());
  return text;
}

/// Calls `release` on the value when it goes; ORT's objects are released through its function table.
template <class T>
class Owned {
 public:
  using Release = void(ORT_API_CALL*)(T*);
  explicit Owned(Release release) : release_(release) {}
  Owned(Owned&& other) noexcept : value_(std::exchange(other.value_, nullptr)), release_(other.release_) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(value_, other.value_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~Owned() { reset(); }
  [[nodiscard]] T* get() const { return value_; }
  [[nodiscard]] T** out() {
    reset();
    return &value_;
  }
  void reset() {
    if (value_ != nullptr) release_(value_);
    value_ = nullptr;
  }

 private:
  T* value_ = nullptr;
  Release release_;
};

/// Empty: elements of that type cannot be made up.
std::string make_up(const InputSpec& spec, std::size_t elements, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<double> uniform;
  const ValueRange range = spec.range.value_or(ValueRange{});
  const bool whole = !onnx::is_real(spec.type);
  const auto values = static_cast<std::uint64_t>(whole ? range.to - range.from : 0.0) + 1;
  std::string out;
  out.reserve(elements * onnx::element_size(spec.type));
  for (std::size_t i = 0; i < elements; ++i) {
    const double value = !spec.range ? normal(random)
                         : whole     ? range.from + static_cast<double>(random() % values)
                                     : range.from + (range.to - range.from) * uniform(random);
    if (!onnx::append_value(spec.type, value, out)) return {};
  }
  return out;
}

class OrtSessionRunner final : public Session {
 public:
  OrtSessionRunner(const Library& library, std::optional<ScratchFolder> scratch)
      : library_(library),
        scratch_(std::move(scratch)),
        session_(library.api->ReleaseSession),
        memory_(library.api->ReleaseMemoryInfo) {}

  OrtSession** session() { return session_.out(); }

  Result<void> prepare(const std::vector<InputSpec>& inputs) {
    const OrtApi& api = *library_.api;
    if (auto ok = check(api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, memory_.out())); !ok)
      return ok;
    data_.reserve(inputs.size());
    for (const InputSpec& input : inputs) {
      if (auto ok = add_input(input); !ok) return ok;
    }
    return find_outputs();
  }

  Result<Nanos> run() override {
    const OrtApi& api = *library_.api;
    std::vector<OrtValue*> outputs(output_pointers_.size(), nullptr);
    const auto start = std::chrono::steady_clock::now();
    OrtStatus* status = api.Run(session_.get(), nullptr, input_pointers_.data(), values_raw_.data(), values_raw_.size(),
                                output_pointers_.data(), output_pointers_.size(), outputs.data());
    const Nanos time = std::chrono::steady_clock::now() - start;
    for (OrtValue* value : outputs) {
      if (value != nullptr) api.ReleaseValue(value);
    }
    if (auto ok = check(api, status); !ok) return tl::unexpected(ok.error());
    return time;
  }

  Result<NodeTimes> end_profiling(std::size_t skip, double share) override {
    const OrtApi& api = *library_.api;
    OrtAllocator* allocator = nullptr;
    if (auto ok = check(api, api.GetAllocatorWithDefaultOptions(&allocator)); !ok) return tl::unexpected(ok.error());
    char* file = nullptr;
    if (auto ok = check(api, api.SessionEndProfiling(session_.get(), allocator, &file)); !ok)
      return tl::unexpected(ok.error());
    const fs::path path = file;
    allocator->Free(allocator, file);
    auto text = read_file(path);
    std::error_code ignored;
    fs::remove(path, ignored);
    if (!text) return tl::unexpected(text.error());
    return ort::read_profile(*text, skip, share);
  }

 private:
  Result<void> add_input(const InputSpec& spec) {
    const OrtApi& api = *library_.api;
    std::size_t elements = 1;
    for (const std::int64_t dim : spec.dims) elements *= static_cast<std::size_t>(dim);
    const std::string& data =
        data_.emplace_back(spec.bytes.empty() ? make_up(spec, elements, 1 + data_.size()) : spec.bytes);
    if (data.empty() && elements > 0)
      return fail(Errc::unsupported, "input '" + spec.name + "' has an element type that cannot be made up");
    OrtValue* value = nullptr;
    auto ok = check(api, api.CreateTensorWithDataAsOrtValue(memory_.get(), data_.back().data(), data.size(),
                                                            spec.dims.data(), spec.dims.size(),
                                                            static_cast<ONNXTensorElementDataType>(spec.type), &value));
    if (!ok) return ok;
    values_.emplace_back(api.ReleaseValue);
    *values_.back().out() = value;
    values_raw_.push_back(value);
    names_.push_back(std::make_unique<std::string>(spec.name));
    input_pointers_.push_back(names_.back()->c_str());
    return {};
  }

  Result<void> find_outputs() {
    const OrtApi& api = *library_.api;
    OrtAllocator* allocator = nullptr;
    std::size_t count = 0;
    if (auto ok = check(api, api.GetAllocatorWithDefaultOptions(&allocator)); !ok) return ok;
    if (auto ok = check(api, api.SessionGetOutputCount(session_.get(), &count)); !ok) return ok;
    for (std::size_t i = 0; i < count; ++i) {
      char* name = nullptr;
      if (auto ok = check(api, api.SessionGetOutputName(session_.get(), i, allocator, &name)); !ok) return ok;
      names_.push_back(std::make_unique<std::string>(name));
      output_pointers_.push_back(names_.back()->c_str());
      allocator->Free(allocator, name);
    }
    return {};
  }

  const Library& library_;
  std::optional<ScratchFolder> scratch_;
  Owned<OrtSession> session_;
  Owned<OrtMemoryInfo> memory_;
  std::vector<std::string> data_;  // never moved: the engine reads it where it is
  std::vector<Owned<OrtValue>> values_;
  std::vector<OrtValue*> values_raw_;
  std::vector<std::unique_ptr<std::string>> names_;
  std::vector<const char*> input_pointers_;
  std::vector<const char*> output_pointers_;
};

/// What a session is made for; decides options that do not change how a run behaves.
struct Purpose {
  bool profile = false;
  bool save_graph = false;
  bool run = true;
};

class OnnxRuntimeEngine final : public Engine {
 public:
  [[nodiscard]] std::string_view id() const override { return "onnxruntime"; }

  [[nodiscard]] EngineInfo info(const EngineSettings& settings) override {
    EngineInfo info{std::string(id()), false, "", "", ""};
    if (const auto session = ort::session_settings(settings); !session) {
      info.problem = session.error().context;
      return info;
    }
    if (auto ok = open(settings); !ok) {
      info.problem = ok.error().context;
      return info;
    }
    info.available = true;
    info.version = library_->version;
    info.library = library_->file;
    return info;
  }

  [[nodiscard]] EngineCapabilities capabilities(const EngineSettings&) const override {
    return {
        .formats = {"onnx"},
        .devices = {"cpu"},
        .element_types = {"float32", "float64", "float16", "bfloat16", "int8", "uint8", "int32", "int64", "boolean"},
        .executed_graph = true,
        .node_times = "spans",
        .conditions = {"threads"},
        .session_options = {"optimization_level", "execution_mode", "intra_op_spinning", "memory_arena"}};
  }

  [[nodiscard]] std::map<std::string, std::string> describe(const EngineSettings& settings) const override {
    return ort::describe(ort::session_settings(settings).value_or(ort::SessionSettings{}));
  }

  Result<std::unique_ptr<Session>> load(const EngineModel& model, const EngineSettings& settings,
                                        const LoadOptions& options) override {
    if (auto ok = open(settings); !ok) return tl::unexpected(ok.error());
    return create(model, settings, {options.profile, options.executed_graph != nullptr, true}, options.executed_graph);
  }

  Result<ExecutedGraph> executed_graph(const EngineModel& model, const EngineSettings& settings) override {
    if (auto ok = open(settings); !ok) return tl::unexpected(ok.error());
    ExecutedGraph graph;
    auto session = create(model, settings, {false, true, false}, &graph);
    if (!session) return tl::unexpected(session.error());
    return graph;
  }

 private:
  Result<void> open(const EngineSettings& settings) {
    if (library_) return {};
    auto library = ort::open_library(settings.library);
    if (!library) return tl::unexpected(library.error());
    library_ = std::make_unique<Library>(std::move(*library));
    return {};
  }

  Result<std::unique_ptr<Session>> create(const EngineModel& model, const EngineSettings& settings, Purpose purpose,
                                          ExecutedGraph* graph) {
    auto options = session_options(model, settings);
    if (!options) return tl::unexpected(options.error());
    std::optional<ScratchFolder> scratch;
    if (purpose.profile || purpose.save_graph) {
      auto folder = ScratchFolder::make();
      if (!folder) return tl::unexpected(folder.error());
      scratch = std::move(*folder);
    }
    const fs::path folder = scratch ? scratch->path() : fs::path();
    if (auto ok = set_purpose(*options, purpose, folder); !ok) return tl::unexpected(ok.error());
    auto runner = std::make_unique<OrtSessionRunner>(*library_, std::move(scratch));
    if (auto ok = create_session(model, *options, *runner); !ok) return tl::unexpected(ok.error());
    if (graph != nullptr) {
      auto saved = ort::read_saved_graph(folder / "graph.onnx", model);
      if (!saved) return tl::unexpected(saved.error());
      *graph = std::move(*saved);
    }
    if (purpose.run) {
      if (auto ok = runner->prepare(model.inputs); !ok) return tl::unexpected(ok.error());
    }
    return runner;
  }

  Result<void> create_session(const EngineModel& model, Owned<OrtSessionOptions>& options,
                              OrtSessionRunner& runner) const {
    const OrtApi& api = *library_->api;
    if (model.bytes.empty()) {
      return check(api, api.CreateSession(library_->env, model.file.c_str(), options.get(), runner.session()));
    }
    // Generated networks arrive without their weights.
    const auto parsed = read_model(model);
    if (!parsed) return tl::unexpected(parsed.error());
    const auto bytes = onnx::write_model(*parsed, onnx::Weights::materialize);
    if (!bytes) return tl::unexpected(bytes.error());
    return check(
        api, api.CreateSessionFromArray(library_->env, bytes->data(), bytes->size(), options.get(), runner.session()));
  }

  Result<Owned<OrtSessionOptions>> session_options(const EngineModel& model, const EngineSettings& settings) const {
    const OrtApi& api = *library_->api;
    const auto session = ort::session_settings(settings);
    if (!session) return tl::unexpected(session.error());
    Owned<OrtSessionOptions> options(api.ReleaseSessionOptions);
    if (auto ok = check(api, api.CreateSessionOptions(options.out())); !ok) return tl::unexpected(ok.error());
    if (auto ok = ort::apply(api, *session, options.get()); !ok) return tl::unexpected(ok.error());
    for (const auto& [name, value] : model.free_dims) {
      if (auto ok = check(api, api.AddFreeDimensionOverrideByName(options.get(), name.c_str(), value)); !ok) {
        return tl::unexpected(ok.error());
      }
    }
    return options;
  }

  Result<void> set_purpose(Owned<OrtSessionOptions>& options, Purpose purpose, const fs::path& folder) const {
    const OrtApi& api = *library_->api;
    if (purpose.profile) {
      if (auto ok = check(api, api.EnableProfiling(options.get(), (folder / "profile").c_str())); !ok) return ok;
    }
    if (!purpose.save_graph) return {};
    // Weights go to a link to the null device: the graph file then holds structure alone and costs nothing to write.
    std::error_code failure;
    fs::create_symlink("/dev/null", folder / "weights", failure);
    if (failure) return fail(Errc::io, "cannot write in " + folder.string() + ": " + failure.message());
    if (auto ok = check(api, api.SetOptimizedModelFilePath(options.get(), (folder / "graph.onnx").c_str())); !ok)
      return ok;
    std::vector<std::pair<const char*, const char*>> entries = {
        {"session.optimized_model_external_initializers_file_name", "weights"},
        {"session.optimized_model_external_initializers_min_size_in_bytes", "4096"}};
    // Prepacking happens after the graph is final; without a run it is time for nothing.
    if (!purpose.run) entries.emplace_back("session.disable_prepacking", "1");
    for (const auto& [key, value] : entries) {
      if (auto ok = check(api, api.AddSessionConfigEntry(options.get(), key, value)); !ok) return ok;
    }
    return {};
  }

  std::unique_ptr<const Library> library_;  // once it was needed
};

}  // namespace

std::unique_ptr<Engine> make_onnxruntime_engine() { return std::make_unique<OnnxRuntimeEngine>(); }

}  // namespace latcast
