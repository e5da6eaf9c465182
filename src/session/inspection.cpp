#include "session/inspection.h"

#include <filesystem>
#include <set>
#include <utility>

#include "core/mapped_file.h"

namespace latcast::session {
namespace {

enum class FileKind { store, pack, onnx };

Result<FileKind> kind_of(const std::string& file) {
  const auto mapped = detail::MappedFile::open(file);
  if (!mapped) return tl::unexpected(mapped.error());
  const std::string_view text = mapped->text();
  if (text.empty()) return fail(Errc::invalid_input, file + ": the file is empty");
  if (text.starts_with("SQLite format 3")) return FileKind::store;
  // A FlatBuffers file carries its identifier after the root offset.
  if (text.size() >= 8 && text.substr(4, 4) == "LCPK") return FileKind::pack;
  return FileKind::onnx;
}

Result<CampaignContents> campaign_contents(Store& store, CampaignRecord record) {
  CampaignContents out;
  auto networks = store.networks(record.id);
  if (!networks) return tl::unexpected(networks.error());
  std::set<std::string> families;
  for (const NetworkRecord& network : *networks) {
    families.insert(network.family);
    auto measured = store.measurements(network.id);
    if (!measured) return tl::unexpected(measured.error());
    out.measurements += measured->size();
  }
  auto failures = store.failures(record.id);
  if (!failures) return tl::unexpected(failures.error());
  out.failures = std::move(*failures);
  out.carriers = networks->size();
  out.families = families.size();
  out.record = std::move(record);
  return out;
}

Result<Contents> store_contents(const std::string& file) {
  auto store = Store::open_read_only(file);
  if (!store) return tl::unexpected(store.error());
  auto targets = stored_targets(*store);
  if (!targets) return tl::unexpected(targets.error());
  StoreContents out;
  for (StoredTarget& target : *targets) {
    auto campaigns = store->campaigns(target.record.id);
    if (!campaigns) return tl::unexpected(campaigns.error());
    out.targets.push_back({std::move(target), {}});
    for (CampaignRecord& record : *campaigns) {
      auto campaign = campaign_contents(*store, std::move(record));
      if (!campaign) return tl::unexpected(campaign.error());
      out.targets.back().campaigns.push_back(std::move(*campaign));
    }
  }
  auto imports = store->imports();
  if (!imports) return tl::unexpected(imports.error());
  out.imports = std::move(*imports);
  return out;
}

Result<Contents> pack_contents(const std::string& file) {
  auto content = read_pack_content(file);
  if (!content) return tl::unexpected(content.error());
  std::error_code failure;
  return PackFileContents{std::move(*content), static_cast<double>(std::filesystem::file_size(file, failure))};
}

Result<Contents> model_contents(const std::string& file) {
  auto model = onnx::read_model_file(file, onnx::ExternalWeights::ignored);
  if (!model) return tl::unexpected(model.error());
  ModelFileContents out;
  const auto weights = onnx::check_weights(model->graph, std::filesystem::path(file).parent_path());
  if (!weights) out.problem = weights.error().context;
  out.ir_version = model->ir_version;
  for (const auto& [domain, version] : model->opsets) {
    if (domain.empty()) out.opset = version;
  }
  out.producer = model->producer;
  out.inputs = model->graph.inputs;
  out.outputs = model->graph.outputs;
  out.nodes = model->graph.nodes.size();
  out.weights = model->graph.initializers.size();
  for (const onnx::Tensor& tensor : model->graph.initializers)
    out.weight_bytes += static_cast<double>(tensor.elements()) * static_cast<double>(onnx::element_size(tensor.type));
  for (const onnx::Node& node : model->graph.nodes)
    ++out.operators[node.domain.empty() ? node.op : node.domain + ":" + node.op];
  return out;
}

}  // namespace

Result<Contents> inspect(const std::string& file) {
  const auto kind = kind_of(file);
  if (!kind) return tl::unexpected(kind.error());
  switch (*kind) {
    case FileKind::store:
      return store_contents(file);
    case FileKind::pack:
      return pack_contents(file);
    case FileKind::onnx:
      break;
  }
  return model_contents(file);
}

}  // namespace latcast::session
