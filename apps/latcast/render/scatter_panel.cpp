#include "render/scatter_panel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <span>

#include "console.h"

namespace latcast::cli {
namespace {

// The plot's square in the units of the SVG, which are about pixels.
constexpr double kLeft = 52, kTop = 22, kSide = 338, kRight = 10, kBottom = 36;
constexpr double kTickDistance = 44;  // a label as wide as "500 us", and some air
constexpr double kBand = 0.10;
constexpr std::size_t kNamed = 3;  // worst networks that are written into the plot
constexpr std::size_t kLongestName = 22;
constexpr double kLetterWidth = 6.3, kLineHeight = 11;

/// Both axes, in decades of nanoseconds.
struct Scale {
  double low = 0, high = 1;
  /// In [0, 1]; what is beyond the plot ends at its edge.
  [[nodiscard]] double share(double ns) const {
    return ns > 0 ? std::clamp((std::log10(ns) - low) / (high - low), 0.0, 1.0) : 0;
  }
  [[nodiscard]] double x(double ns) const { return kLeft + kSide * share(ns); }
  [[nodiscard]] double y(double ns) const { return kTop + kSide * (1 - share(ns)); }
};

struct Drawn {
  const ScatterPoint* point = nullptr;
  double error = 0, x = 0, y = 0;
};

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  [[nodiscard]] bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

/// A position, in tenths of a unit.
std::string at(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.1f", value);
  return buffer.data();
}

std::string attribute(const char* name, double value) { return std::string(" ") + name + "=\"" + at(value) + "\""; }

std::string signed_percent(double error) { return (error < 0 ? "" : "+") + format_percent(error); }

/// Points do not lie on the frame, and a range is never below a factor of 2.
Scale scale_of(std::span<const ScatterPoint* const> points) {
  Scale scale{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const ScatterPoint* point : points) {
    scale.low = std::min({scale.low, std::log10(point->truth_ns), std::log10(point->forecast_ns)});
    scale.high = std::max({scale.high, std::log10(point->truth_ns), std::log10(point->forecast_ns)});
  }
  const double missing = std::max(0.0, std::log10(2.0) - (scale.high - scale.low)) / 2;
  const double margin = 0.06 * (scale.high - scale.low) + missing;
  return {scale.low - margin, scale.high + margin};
}

// ---- axes

struct Tick {
  double decades = 0;
  std::string label;
};

/// m * 10^decade ns in the unit that suits it.
std::string tick_label(double mantissa, int decade) {
  static constexpr std::array<const char*, 4> kUnits = {"ns", "us", "ms", "s"};
  const int unit = std::clamp(static_cast<int>(std::floor(decade / 3.0)), 0, 3);
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%g %s", mantissa * std::pow(10.0, decade - 3 * unit), kUnits[unit]);
  return buffer.data();
}

/// Every mantissa in every `step`-th decade.
std::vector<Tick> ticks_at(const Scale& scale, std::span<const double> mantissas, int step) {
  std::vector<Tick> ticks;
  const int first = static_cast<int>(std::floor(scale.low / step)) * step;
  for (int decade = first; decade <= scale.high; decade += step) {
    for (const double mantissa : mantissas) {
      const double decades = decade + std::log10(mantissa);
      if (decades >= scale.low && decades <= scale.high) ticks.push_back({decades, tick_label(mantissa, decade)});
    }
  }
  return ticks;
}

/// The most ticks whose labels do not touch.
std::vector<Tick> ticks_of(const Scale& scale) {
  static const std::vector<std::vector<double>> kMantissas = {
      {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8}, {1, 1.5, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}};
  const auto fits = [&](const std::vector<Tick>& ticks) {
    for (std::size_t i = 1; i < ticks.size(); ++i) {
      if ((ticks[i].decades - ticks[i - 1].decades) / (scale.high - scale.low) * kSide < kTickDistance) return false;
    }
    return true;
  };
  for (const auto& mantissas : kMantissas) {
    auto ticks = ticks_at(scale, mantissas, 1);
    if (fits(ticks)) return ticks;
  }
  int step = 2;
  while ((scale.high - scale.low) / step * kTickDistance > kSide) ++step;
  return ticks_at(scale, kMantissas.back(), step);
}

/// Band, diagonal, grid, labels, names of the axes.
std::string axes(const Scale& scale) {
  const double right = kLeft + kSide, bottom = kTop + kSide;
  const auto corner = [&](double along, double up) {
    return at(kLeft + kSide * along) + "," + at(bottom - kSide * up) + " ";
  };
  // Where forecast = truth * (1 +- 10 %) leaves the square.
  const double above = std::log10(1 + kBand) / (scale.high - scale.low);
  const double below = -std::log10(1 - kBand) / (scale.high - scale.low);
  std::string svg = R"(<polygon class="band" points=")" + corner(0, 0) + corner(0, above) + corner(1 - above, 1) +
                    corner(1, 1) + corner(1, 1 - below) + corner(below, 0) + "\"/>";
  std::string grid, labels;
  for (const Tick& tick : ticks_of(scale)) {
    const double share = (tick.decades - scale.low) / (scale.high - scale.low);
    const double x = kLeft + kSide * share, y = bottom - kSide * share;
    grid += "M" + at(x) + " " + at(kTop) + "V" + at(bottom) + "M" + at(kLeft) + " " + at(y) + "H" + at(right);
    labels += "<text" + attribute("x", x) + attribute("y", bottom + 15) + " class=\"mid\">" + tick.label + "</text>";
    labels +=
        "<text" + attribute("x", kLeft - 6) + attribute("y", y + 3.5) + " class=\"end\">" + tick.label + "</text>";
  }
  svg += "<path class=\"grid\" d=\"" + grid + "\"/><path class=\"diagonal\" d=\"M" + at(kLeft) + " " + at(bottom) +
         "L" + at(right) + " " + at(kTop) + "\"/><rect class=\"frame\"" + attribute("x", kLeft) + attribute("y", kTop) +
         attribute("width", kSide) + attribute("height", kSide) + "/>";
  svg += labels + "<text" + attribute("x", kLeft) + attribute("y", kTop - 8) + ">forecast</text><text" +
         attribute("x", right) + attribute("y", bottom + 30) + " class=\"end\">measured</text>";
  return svg + "\n";
}

// ---- networks

bool has_interval(const ScatterPoint& point) {
  return std::isfinite(point.upper_ns) && point.upper_ns > 0 && point.lower_ns <= point.upper_ns;
}

std::string circle(const Drawn& drawn, const std::string& classes) {
  const ScatterPoint& point = *drawn.point;
  std::string text = point.name + (point.family.empty() ? "" : "\n" + point.family) + "\nmeasured " +
                     format_time(point.truth_ns) + "\nforecast " + format_time(point.forecast_ns) + ", " +
                     signed_percent(drawn.error);
  if (has_interval(point)) text += "\ninterval " + format_time(point.lower_ns) + " to " + format_time(point.upper_ns);
  return "<circle class=\"" + classes + "\"" + attribute("cx", drawn.x) + attribute("cy", drawn.y) +
         " r=\"4\"><title>" + html_escaped(text) + "</title></circle>\n";
}

std::string interval_bars(const Scale& scale, std::span<const Drawn> drawn) {
  std::string path;
  for (const Drawn& each : drawn) {
    if (!has_interval(*each.point)) continue;
    path += "M" + at(each.x) + " " + at(scale.y(each.point->lower_ns)) + "V" + at(scale.y(each.point->upper_ns));
  }
  return path.empty() ? "" : "<path class=\"bars\" d=\"" + path + "\"/>\n";
}

bool starts_a_letter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }  // of UTF-8

/// The name, its middle left out where it is long: ends tell variants apart.
std::string shortened(const std::string& name) {
  std::vector<std::size_t> letters;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (starts_a_letter(name[i])) letters.push_back(i);
  }
  if (letters.size() <= kLongestName) return name;
  const std::size_t half = (kLongestName - 2) / 2;
  return name.substr(0, letters[half]) + ".." + name.substr(letters[letters.size() - half]);
}

struct Label {
  Box box;
  double cost = std::numeric_limits<double>::infinity();
  bool ends = false;  // at its point, rather than starts there
};

/// Beside its point, inside the frame, where it hides the least; not on another label if that can be had.
Label place(const Drawn& drawn, double width, std::span<const Drawn> all, std::span<const Label> placed) {
  Label best;
  for (const bool ends : {false, true}) {
    for (const double shift : {0.0, -12.0, 12.0, -24.0, 24.0, -40.0, 40.0, -60.0, 60.0}) {
      const double beside = ends ? drawn.x - 8 - width : drawn.x + 8;
      const double from = std::clamp(beside, kLeft + 2, std::max(kLeft + 2, kLeft + kSide - 2 - width));
      const double middle = drawn.y + shift;
      Label label{{from, middle - kLineHeight / 2, from + width, middle + kLineHeight / 2}, 0, ends};
      const Box& box = label.box;
      if (box.top < kTop + 2 || box.bottom > kTop + kSide - 2) label.cost += 1000;
      for (const Label& other : placed) label.cost += box.meets(other.box) ? 100 : 0;
      for (const Drawn& each : all) label.cost += box.meets({each.x - 4, each.y - 4, each.x + 4, each.y + 4}) ? 1 : 0;
      label.cost += std::abs(shift) / 20 + std::abs(from - beside) / 20;
      if (label.cost < best.cost) best = label;
    }
  }
  return best;
}

std::string worst_named(std::span<const Drawn> drawn) {
  std::vector<Drawn> worst(drawn.begin(), drawn.end());
  std::ranges::stable_sort(worst, std::greater(), [](const Drawn& each) { return std::abs(each.error); });
  worst.resize(std::min(worst.size(), kNamed));
  std::vector<Label> placed;
  std::string svg;
  for (const Drawn& each : worst) {
    const std::string text = shortened(each.point->name) + " " + signed_percent(each.error);
    const auto letters = static_cast<double>(std::ranges::count_if(text, starts_a_letter));
    const Label label = place(each, letters * kLetterWidth, drawn, placed);
    const double x = label.ends ? label.box.right : label.box.left;
    const double middle = (label.box.top + label.box.bottom) / 2;
    if (std::abs(middle - each.y) > kLineHeight)
      svg += "<path class=\"leader\" d=\"M" + at(each.x) + " " + at(each.y) + "L" + at(x) + " " + at(middle) + "\"/>";
    svg += "<text class=\"worst" + std::string(label.ends ? " end" : "") + "\"" + attribute("x", x) +
           attribute("y", middle + 3.5) + ">" + html_escaped(text) + "</text>\n";
    placed.push_back(label);
  }
  return svg;
}

std::string plot(const Scale& scale, std::span<const Drawn> drawn, const FamilyClasses& classes,
                 const std::string& title) {
  std::string svg = "<svg viewBox=\"0 0 " + at(kLeft + kSide + kRight) + " " + at(kTop + kSide + kBottom) +
                    "\" role=\"img\" aria-label=\"Forecast against measured time: " + html_escaped(title) + "\">\n";
  svg += axes(scale) + interval_bars(scale, drawn);
  for (const Drawn& each : drawn) svg += circle(each, classes.at(each.point->family));
  return svg + worst_named(drawn) + "</svg>\n";
}

std::string figures(std::span<const Drawn> drawn) {
  double sum = 0;
  std::size_t within = 0;
  for (const Drawn& each : drawn) {
    sum += std::abs(each.error);
    within += std::abs(each.error) <= kBand ? 1 : 0;
  }
  const auto count = static_cast<double>(drawn.size());
  return "<p class=\"figures\"><b>MAPE " + format_percent(sum / count) + "</b> <span>" +
         counted(drawn.size(), "network") + "</span> <span>" + format_percent(static_cast<double>(within) / count, 0) +
         " within 10 %</span></p>\n";
}

}  // namespace

bool can_be_drawn(const ScatterPoint& point) {
  // A quotient that overflows has no error to show.
  return std::isfinite(point.truth_ns) && point.truth_ns > 0 && std::isfinite(point.forecast_ns) &&
         point.forecast_ns > 0 && std::isfinite(point.forecast_ns / point.truth_ns);
}

std::string html_escaped(const std::string& text) {
  std::string result;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        // Control characters have no place in HTML.
        result += (static_cast<unsigned char>(byte) < 0x20 && byte != '\n') || byte == 0x7F ? ' ' : byte;
    }
  }
  return result;
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string scatter_panel(const ScatterPanel& panel, const FamilyClasses& classes) {
  std::vector<const ScatterPoint*> points;
  for (const ScatterPoint& point : panel.points) {
    if (can_be_drawn(point)) points.push_back(&point);
  }
  const std::size_t left_out = panel.points.size() - points.size();
  std::string html = "<article>\n<h3>" + html_escaped(panel.title) + "</h3>\n";
  if (points.empty()) {
    html += "<p class=\"empty\">No network to show.</p>\n";
  } else {
    const Scale scale = scale_of(points);
    std::vector<Drawn> drawn;
    for (const ScatterPoint* point : points)
      drawn.push_back(
          {point, point->forecast_ns / point->truth_ns - 1, scale.x(point->truth_ns), scale.y(point->forecast_ns)});
    html += figures(drawn) + plot(scale, drawn, classes, panel.title);
  }
  if (left_out > 0)
    html += "<p class=\"left-out\">" + counted(left_out, "network") +
            " left out: a time that is not a number above 0.</p>\n";
  return html + "</article>\n";
}

}  // namespace latcast::cli
