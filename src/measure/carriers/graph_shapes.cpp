#include "measure/carriers/graph_shapes.h"

#include <algorithm>
#include <stdexcept>

namespace latcast::carriers {

void require(bool fits, std::string_view what, const Value& x) {
  if (fits) return;
  std::string shape;
  for (const std::int64_t d : x.dims) shape += " " + std::to_string(d);
  throw std::logic_error("carrier graph: " + std::string(what) + " does not fit" + shape + " of " + x.name);
}

Shape permuted(const Shape& shape, const Ints& perm) {
  Shape out;
  for (const std::int64_t p : perm) out.push_back(shape[static_cast<std::size_t>(p)]);
  return out;
}

std::int64_t product(const Shape& shape) {
  std::int64_t n = 1;
  for (const std::int64_t d : shape) n *= d;
  return n;
}

Shape broadcast(const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape out(rank, 1);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) throw std::logic_error("carrier graph: shapes do not broadcast");
    out[rank - 1 - i] = da == 1 ? db : da;
  }
  return out;
}

}  // namespace latcast::carriers
