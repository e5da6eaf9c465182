// What a form costs to evaluate and what it shares with others.
#pragma once

#include "core/form.h"

namespace latcast::learn {

inline double form_cost_ns(const FormSpec& form) {
  double ns = 0.0;
  for (const FormNode& node : form) {
    if (node.kind == FormKind::trees) ns += 3.5 * node.ints[0];
    if (node.kind == FormKind::gaussian_process || node.kind == FormKind::neighbours) ns += 3.0 * node.ints[1];
    ns += 5.0;
  }
  return ns;
}

inline std::size_t shared_bytes(const FormSpec& form) {
  std::size_t bytes = 0;
  for (const FormNode& node : form) bytes += node.shared ? node.shared->size() * sizeof(float) : 0;
  return bytes;
}

}  // namespace latcast::learn
