#include "learn/data/source.h"

#include <algorithm>
#include <array>

namespace latcast::learn {

std::span<const Source> sources() {
  static constexpr std::array kSources = {
      Source{"campaigns", [](const TargetContents& contents) { return contents.campaigns > 0; }, read_campaigns},
      Source{"tables", [](const TargetContents& contents) { return contents.operations > 0 || contents.totals > 0; },
             read_tables},
  };
  return kSources;
}

Result<Measurements> read_measurements(Store& store, const TargetRecord& target, const Catalogue& catalogue) {
  const auto contents = store.contents(target.id);
  if (!contents) return tl::unexpected(contents.error());
  const auto found = std::ranges::find_if(sources(), [&](const Source& one) { return one.has(*contents); });
  if (found == sources().end()) return fail(Errc::not_found, "the store has no measurements of " + target.name);
  return found->read(store, target, catalogue);
}

}  // namespace latcast::learn
