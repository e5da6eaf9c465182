// PackContent -> FlatBuffer -> file.
#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "core/output_file.h"
#include "core/pack_content.h"
#include "core/pack_seal.h"
#include "pack_generated.h"

namespace latcast {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using SharedFloats = std::shared_ptr<const std::vector<float>>;
template <class T>
using Vector = Offset<flatbuffers::Vector<T>>;

/// A builder that knows which shared numbers the forms refer to.
class PackBuilder : public FlatBufferBuilder {
 public:
  PackBuilder() : FlatBufferBuilder(1U << 20U) {}

  /// What FormNode.shared stores.
  std::uint32_t reference(const SharedFloats& numbers) {
    if (!numbers) return 0;
    const auto found = std::ranges::find(shared_, numbers);
    if (found != shared_.end()) return static_cast<std::uint32_t>(found - shared_.begin()) + 1;
    shared_.push_back(numbers);
    return static_cast<std::uint32_t>(shared_.size());
  }
  /// The same code is stored once: kernel classes of a type have most of their terms in common.
  Vector<const fb::Instruction*> code(const Program& program) {
    std::vector<fb::Instruction> stored;
    stored.reserve(program.size());
    for (const Instruction& in : program) stored.emplace_back(static_cast<std::uint32_t>(in.op), in.slot, in.value);
    std::string key(reinterpret_cast<const char*>(stored.data()), stored.size() * sizeof(fb::Instruction));
    const auto found = code_.find(key);
    if (found != code_.end()) return found->second;
    return code_.emplace(std::move(key), CreateVectorOfStructs(stored)).first->second;
  }
  /// All referred to so far.
  [[nodiscard]] const std::vector<SharedFloats>& shared() const { return shared_; }

 private:
  std::vector<SharedFloats> shared_;
  std::map<std::string, Vector<const fb::Instruction*>> code_;
};

Vector<const fb::Instruction*> write(PackBuilder& out, const Program& program) { return out.code(program); }

Offset<fb::KeyValue> write(PackBuilder& out, const KeyValue& pair) {
  const auto key = out.CreateString(pair.key);
  return fb::CreateKeyValue(out, key, out.CreateString(pair.value));
}

Offset<fb::Program> write(PackBuilder& out, const NamedProgram& program) {
  const auto name = out.CreateSharedString(program.name);
  const auto text = out.CreateSharedString(program.text);
  return fb::CreateProgram(out, name, text, write(out, program.program));
}

Offset<fb::FormNode> write(PackBuilder& out, const FormNode& node) {
  const auto children = out.CreateVector(node.children);
  const auto doubles = out.CreateVector(node.doubles);
  const auto floats = out.CreateVector(node.floats);
  const auto ints = out.CreateVector(node.ints);
  return fb::CreateFormNode(out, static_cast<std::uint16_t>(node.kind), children, doubles, floats, ints,
                            out.reference(node.shared));
}

Offset<fb::SharedNumbers> write(PackBuilder& out, const SharedFloats& numbers) {
  return fb::CreateSharedNumbers(out, out.CreateVector(*numbers));
}

Offset<fb::Candidate> write(PackBuilder& out, const CandidateScore& score) {
  const auto name = out.CreateSharedString(score.name);
  const auto note = out.CreateSharedString(score.note);
  const auto narrow = [](double value) { return static_cast<float>(value); };
  return fb::CreateCandidate(out, name, narrow(score.error), narrow(score.bytes), narrow(score.latency_ns), note,
                             narrow(score.bias), narrow(score.cost_s), score.samples_seen, narrow(score.r2),
                             narrow(score.within5), narrow(score.within10), narrow(score.median_log), score.front);
}

Offset<fb::Family> write(PackBuilder& out, const FamilyLoss& family) {
  return fb::CreateFamily(out, out.CreateString(family.name), family.networks, family.error, family.bias);
}

Offset<fb::Reference> write(PackBuilder& out, const ReferenceCarrier& carrier) {
  const auto name = out.CreateString(carrier.name);
  return fb::CreateReference(out, name, out.CreateVector(carrier.onnx), carrier.quiet_ns);
}

Offset<fb::Kernel> write(PackBuilder& out, const KernelModel& kernel);
Offset<fb::ModuleType> write(PackBuilder& out, const TypeModel& type);

/// A vector of tables, each written by its own overload of write().
template <class T>
auto write_all(PackBuilder& out, const std::vector<T>& items) {
  std::vector<decltype(write(out, items.front()))> offsets;
  offsets.reserve(items.size());
  for (const T& item : items) offsets.push_back(write(out, item));
  return out.CreateVector(offsets);
}

Offset<fb::Kernel> write(PackBuilder& out, const KernelModel& kernel) {
  const auto name = out.CreateSharedString(kernel.name);
  const auto when = write(out, kernel.when);
  const auto terms = write_all(out, kernel.terms);
  const auto features = write_all(out, kernel.features);
  const auto low = out.CreateVector(kernel.low);
  const auto high = out.CreateVector(kernel.high);
  const auto model = out.CreateString(kernel.model);
  const auto candidates = write_all(out, kernel.candidates);
  const auto form = write_all(out, laid_out(kernel.form));
  const auto extrapolation = write_all(out, laid_out(kernel.extrapolation));
  return fb::CreateKernel(out, name, when, terms, features, low, high, kernel.samples, kernel.error, kernel.bias, model,
                          candidates, form, extrapolation, kernel.spread, kernel.free, kernel.margin);
}

Offset<fb::ModuleType> write(PackBuilder& out, const TypeModel& type) {
  const auto name = out.CreateString(type.name);
  const auto parameters = out.CreateVectorOfStrings(type.parameters);
  const auto derived = write_all(out, type.derived);
  const auto macs = write(out, type.macs);
  const auto kernels = write_all(out, type.kernels);
  // Absent where there are none, as in packs without conditions.
  const auto conditions = type.conditions.empty() ? 0 : out.CreateVectorOfStrings(type.conditions);
  return fb::CreateModuleType(out, name, parameters, derived, macs, kernels, conditions);
}

Offset<fb::NamedNumber> write(PackBuilder& out, const std::pair<std::string, double>& value) {
  return fb::CreateNamedNumber(out, out.CreateString(value.first), value.second);
}

Offset<fb::Condition> write(PackBuilder& out, const ConditionRange& one) {
  const auto name = out.CreateString(one.name);
  const auto unit = out.CreateString(one.unit);
  return fb::CreateCondition(out, name, unit, one.low, one.high, one.usual, write_all(out, one.values));
}

/// Nothing where there is no correction.
Offset<fb::NetworkCorrection> write(PackBuilder& out, const NetworkCorrection& network) {
  if (network.form.empty()) return {};
  std::vector<fb::ClassRef> classes;
  classes.reserve(network.shares.size());
  for (const ClassRef& share : network.shares) classes.emplace_back(share.type, share.kernel);
  const auto shares = out.CreateVectorOfStructs(classes);
  const auto form = write_all(out, laid_out(network.form));
  const auto low = out.CreateVector(network.low);
  return fb::CreateNetworkCorrection(out, shares, form, low, out.CreateVector(network.high));
}

Offset<fb::Target> write(PackBuilder& out, const Target& target) {
  const auto name = out.CreateString(target.name);
  const auto device = out.CreateString(target.device);
  const auto features = out.CreateVectorOfStrings(target.cpu_features);
  const auto engine = out.CreateString(target.engine);
  const auto version = out.CreateString(target.engine_version);
  const auto conditions = write_all(out, target.conditions);
  const auto settings = write_all(out, target.settings);
  // Absent where there are none, as in packs without facts.
  const std::vector<std::pair<std::string, double>> facts(target.facts.begin(), target.facts.end());
  return fb::CreateTarget(out, name, device, features, engine, version, conditions, settings,
                          facts.empty() ? 0 : write_all(out, facts));
}

Offset<fb::Training> write(PackBuilder& out, const TrainingSummary& training) {
  const auto families = write_all(out, training.families);
  return fb::CreateTraining(out, training.started_unix_s, training.finished_unix_s, training.networks, training.samples,
                            training.noise_floor, training.error, families);
}

Offset<fb::Pack> write(PackBuilder& out, const PackContent& content) {
  const PackInfo& info = content.info;
  const auto version = out.CreateString(info.tool_version);
  const auto target = write(out, info.target);
  const auto sources = write_all(out, info.sources);
  const auto types = write_all(out, content.types);
  const Fallback& f = info.fallback;
  const auto factors = [](const CostFactors& c) { return fb::CostFactors(c.lower, c.middle, c.most, c.upper); };
  const fb::CostFactors counted = factors(f.counted), bare = factors(f.bare);
  const auto fallback = fb::CreateFallback(out, f.input_byte_ns, f.output_byte_ns, f.weight_byte_ns, f.mac_ns,
                                           f.module_ns, &counted, &bare);
  const Calibration& c = info.calibration;
  const auto calibration = fb::CreateCalibration(out, c.scale, c.module_ns, c.run_ns);
  const IntervalModel& i = info.interval;
  const auto interval = fb::CreateInterval(out, i.level, i.quantile, i.relative, i.small_ns, i.extrapolated, i.modules,
                                           i.bias, i.module_spread, i.familiar_samples);
  const Anchor& a = info.anchor;
  const auto anchor =
      fb::CreateAnchor(out, a.scale, a.unix_s, a.scatter, a.carriers, a.widening_per_sqrt_hour, a.widening_limit);
  const auto references = write_all(out, content.references);
  const auto training = write(out, info.training);
  const auto extras = write_all(out, info.extras);
  const auto network = write(out, content.network);
  const auto conditions = write_all(out, info.conditions);
  const auto shared = write_all(out, out.shared());  // after the forms, which say what is shared
  return fb::CreatePack(out, version, info.created_unix_s, target, sources, types, fallback, calibration, interval,
                        anchor, references, training, extras, shared, network, conditions);
}

}  // namespace

std::vector<std::uint8_t> pack_bytes(const PackContent& content) {
  PackBuilder out;
  fb::FinishPackBuffer(out, write(out, content));
  std::vector<std::uint8_t> bytes(out.GetBufferPointer(), out.GetBufferPointer() + out.GetSize());
  detail::seal(bytes);
  return bytes;
}

Result<void> write_pack(const PackContent& content, const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = pack_bytes(content);
  return write_file(path, std::as_bytes(std::span(bytes)));
}

}  // namespace latcast
