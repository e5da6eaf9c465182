// One plot of a scatter page: a target's figures, and its networks on two logarithmic axes of one range.
#pragma once

#include <map>
#include <string>

#include "render/scatter_page.h"

namespace latcast::cli {

/// The CSS classes of points, by family.
using FamilyClasses = std::map<std::string, std::string>;

/// Whether logarithmic axes have a place for it.
[[nodiscard]] bool can_be_drawn(const ScatterPoint& point);
/// Text for HTML content and quoted attributes.
[[nodiscard]] std::string html_escaped(const std::string& text);
/// "1 network", "12 networks".
[[nodiscard]] std::string counted(std::size_t count, const std::string& what);
/// An <article>. `classes` has every family of the points that can be drawn.
[[nodiscard]] std::string scatter_panel(const ScatterPanel& panel, const FamilyClasses& classes);

}  // namespace latcast::cli
