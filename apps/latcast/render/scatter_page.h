// Forecasts against truth as one HTML page that opens offline: text, styles, plots and script are all inside.
#pragma once

#include <string>
#include <vector>

namespace latcast::cli {

/// A network. Texts are anybody's: the page escapes them.
struct ScatterPoint {
  std::string name, family;
  double truth_ns = 0, forecast_ns = 0;
  double lower_ns = 0, upper_ns = 0;  // both 0: no interval
};

/// A target, as pixel4|gpu|float.
struct ScatterPanel {
  std::string title;
  std::vector<ScatterPoint> points;
};

/// A protocol, as "5-fold by network". The page shows one at a time.
struct ScatterGroup {
  std::string title, note;
  std::vector<ScatterPanel> panels;
};

struct ScatterPage {
  std::string title, summary;
  std::vector<ScatterGroup> groups;
};

/// Families keep their colour from page to page as far as two do not want the same one. Points whose truth or forecast
/// is not finite and above 0 are left out, and counted in their panel.
[[nodiscard]] std::string scatter_page(const ScatterPage& page);

}  // namespace latcast::cli
