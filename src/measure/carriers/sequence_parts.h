// What networks over tokens share: embeddings, masks, heads.
#pragma once

#include <cstdint>

#include "measure/carriers/net.h"

namespace latcast::carriers {

/// Token ids through an embedding table, with positions.
Value embed(Net& net, std::int64_t tokens, std::int64_t dim, bool positions);

std::int64_t token_count(Net& net, std::int64_t low, std::int64_t high);

/// The attention mask as exporters compute it from an int64 input: [1,1,1,T] of zeros and large negatives.
Value padding_mask(Net& net, std::int64_t tokens);

/// [1,T,h*d] -> [1,h,T,d]
Value heads_of(Net& net, const Value& x, std::int64_t h, std::int64_t d);

void vocabulary_head(Net& net, const Value& x);

}  // namespace latcast::carriers
