// Where more measurements would help most: joins what is learned to what is measured next.
#pragma once

#include "measure/campaign.h"

namespace latcast::session {

/// An advisor that asks for carriers of the families in which forecasts are worst, cross-validated by network.
[[nodiscard]] Advisor advise_from_errors(const Catalogue& catalogue);

}  // namespace latcast::session
