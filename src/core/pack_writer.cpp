// PackContent -> FlatBuffer -> file.
#include <flatbuffers/flatbuffers.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "core/pack_content.h"
#include "core/pack_seal.h"
#include "pack_generated.h"

namespace latcast {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
template <class T>
using Vector = Offset<flatbuffers::Vector<T>>;

Vector<const fb::Instruction*> write(FlatBufferBuilder& out, const Program& program) {
  std::vector<fb::Instruction> code;
  code.reserve(program.size());
  for (const Instruction& in : program) code.emplace_back(static_cast<std::uint32_t>(in.op), in.slot, in.value);
  return out.CreateVectorOfStructs(code);
}

Offset<fb::KeyValue> write(FlatBufferBuilder& out, const KeyValue& pair) {
  const auto key = out.CreateString(pair.key);
  return fb::CreateKeyValue(out, key, out.CreateString(pair.value));
}

Offset<fb::Program> write(FlatBufferBuilder& out, const NamedProgram& program) {
  const auto name = out.CreateString(program.name);
  const auto text = out.CreateString(program.text);
  return fb::CreateProgram(out, name, text, write(out, program.program));
}

Offset<fb::FormNode> write(FlatBufferBuilder& out, const FormNode& node) {
  const auto children = out.CreateVector(node.children);
  const auto doubles = out.CreateVector(node.doubles);
  const auto floats = out.CreateVector(node.floats);
  const auto ints = out.CreateVector(node.ints);
  return fb::CreateFormNode(out, static_cast<std::uint16_t>(node.kind), children, doubles, floats, ints);
}

Offset<fb::Candidate> write(FlatBufferBuilder& out, const CandidateScore& score) {
  const auto name = out.CreateString(score.name);
  return fb::CreateCandidate(out, name, score.error, score.bytes, score.latency_ns, out.CreateString(score.note));
}

Offset<fb::Family> write(FlatBufferBuilder& out, const FamilyLoss& family) {
  return fb::CreateFamily(out, out.CreateString(family.name), family.networks, family.error, family.bias);
}

Offset<fb::Reference> write(FlatBufferBuilder& out, const ReferenceCarrier& carrier) {
  const auto name = out.CreateString(carrier.name);
  return fb::CreateReference(out, name, out.CreateVector(carrier.onnx), carrier.quiet_ns);
}

Offset<fb::Kernel> write(FlatBufferBuilder& out, const KernelModel& kernel);
Offset<fb::ModuleType> write(FlatBufferBuilder& out, const TypeModel& type);

/// A vector of tables, each written by its own overload of write().
template <class T>
auto write_all(FlatBufferBuilder& out, const std::vector<T>& items) {
  std::vector<decltype(write(out, items.front()))> offsets;
  offsets.reserve(items.size());
  for (const T& item : items) offsets.push_back(write(out, item));
  return out.CreateVector(offsets);
}

Offset<fb::Kernel> write(FlatBufferBuilder& out, const KernelModel& kernel) {
  const auto name = out.CreateString(kernel.name);
  const auto when = write(out, kernel.when);
  const auto terms = write_all(out, kernel.terms);
  const auto features = write_all(out, kernel.features);
  const auto low = out.CreateVector(kernel.low);
  const auto high = out.CreateVector(kernel.high);
  const auto model = out.CreateString(kernel.model);
  const auto candidates = write_all(out, kernel.candidates);
  const auto form = write_all(out, kernel.form);
  const auto extrapolation = write_all(out, kernel.extrapolation);
  return fb::CreateKernel(out, name, when, terms, features, low, high, kernel.samples, kernel.error, kernel.bias, model,
                          candidates, form, extrapolation);
}

Offset<fb::ModuleType> write(FlatBufferBuilder& out, const TypeModel& type) {
  const auto name = out.CreateString(type.name);
  const auto parameters = out.CreateVectorOfStrings(type.parameters);
  const auto derived = write_all(out, type.derived);
  const auto macs = write(out, type.macs);
  return fb::CreateModuleType(out, name, parameters, derived, macs, write_all(out, type.kernels));
}

Offset<fb::Target> write(FlatBufferBuilder& out, const Target& target) {
  const auto name = out.CreateString(target.name);
  const auto device = out.CreateString(target.device);
  const auto features = out.CreateVectorOfStrings(target.cpu_features);
  const auto engine = out.CreateString(target.engine);
  const auto version = out.CreateString(target.engine_version);
  const auto conditions = write_all(out, target.conditions);
  return fb::CreateTarget(out, name, device, features, engine, version, conditions, write_all(out, target.settings));
}

Offset<fb::Training> write(FlatBufferBuilder& out, const TrainingSummary& training) {
  const auto families = write_all(out, training.families);
  return fb::CreateTraining(out, training.started_unix_s, training.finished_unix_s, training.networks, training.samples,
                            training.noise_floor, training.error, families);
}

Offset<fb::Pack> write(FlatBufferBuilder& out, const PackContent& content) {
  const PackInfo& info = content.info;
  const auto version = out.CreateString(info.tool_version);
  const auto target = write(out, info.target);
  const auto sources = write_all(out, info.sources);
  const auto types = write_all(out, content.types);
  const Fallback& f = info.fallback;
  const auto fallback =
      fb::CreateFallback(out, f.input_byte_ns, f.output_byte_ns, f.weight_byte_ns, f.mac_ns, f.module_ns);
  const Calibration& c = info.calibration;
  const auto calibration = fb::CreateCalibration(out, c.scale, c.module_ns, c.run_ns);
  const IntervalModel& i = info.interval;
  const auto interval =
      fb::CreateInterval(out, i.level, i.quantile, i.relative, i.absolute_ns, i.extrapolated, i.modules, i.bias);
  const Anchor& a = info.anchor;
  const auto anchor =
      fb::CreateAnchor(out, a.scale, a.unix_s, a.scatter, a.carriers, a.widening_per_sqrt_hour, a.widening_limit);
  const auto references = write_all(out, content.references);
  const auto training = write(out, info.training);
  return fb::CreatePack(out, version, info.created_unix_s, target, sources, types, fallback, calibration, interval,
                        anchor, references, training, write_all(out, info.extras));
}

Result<void> write_file(const std::vector<std::uint8_t>& bytes, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return fail(Errc::io, "cannot write " + path.string() + ": " + std::strerror(errno));
  return {};
}

}  // namespace

std::vector<std::uint8_t> pack_bytes(const PackContent& content) {
  FlatBufferBuilder out(1U << 20U);
  fb::FinishPackBuffer(out, write(out, content));
  std::vector<std::uint8_t> bytes(out.GetBufferPointer(), out.GetBufferPointer() + out.GetSize());
  detail::seal(bytes);
  return bytes;
}

Result<void> write_pack(const PackContent& content, const std::filesystem::path& path) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  std::error_code code;
  if (auto ok = write_file(pack_bytes(content), temporary); !ok) {
    std::filesystem::remove(temporary, code);
    return ok;
  }
  std::filesystem::rename(temporary, path, code);
  if (code) return fail(Errc::io, "cannot rename " + temporary.string() + ": " + code.message());
  return {};
}

}  // namespace latcast
