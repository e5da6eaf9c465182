// A table and its map, with a line of "%%" between them: the map, then the CSV file, then the rows' modules.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tables/table_reader.h"

namespace {

void read_table(const std::string& file, std::string_view map_text) {
  static const auto catalogue = latcast::Catalogue::builtin();
  if (!catalogue) std::abort();
  const auto map = latcast::parse_map(map_text, "fuzz.toml");
  if (!map) return;
  auto reader = latcast::TableReader::open(file, *map, *catalogue, latcast::TableReader::Use::measurements);
  if (!reader) return;
  latcast::TableRow row;
  for (auto more = reader->next(row); more && *more; more = reader->next(row)) {
    (void)latcast::family_of(*map, row.network);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view separator = "\n%%\n";
  const std::size_t end = text.find(separator);
  const std::string_view table = end == std::string_view::npos ? text : text.substr(end + separator.size());
  const int memory = memfd_create("table", MFD_CLOEXEC);
  if (memory < 0 || write(memory, table.data(), table.size()) != static_cast<ssize_t>(table.size())) std::abort();
  const std::string file = "/proc/self/fd/" + std::to_string(memory);
  read_table(file, text.substr(0, end));
  if (auto csv = latcast::CsvReader::open(file)) {
    latcast::CsvRecord record;
    for (auto more = csv->next(record); more && *more; more = csv->next(record)) {
      if (record.fields.size() != csv->header().size()) std::abort();
    }
  }
  close(memory);
  return 0;
}
