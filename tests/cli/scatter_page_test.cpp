// Scatter pages: what is counted and said, that nothing is fetched, and that names cannot be more than text.
#include "render/scatter_page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "command.h"

namespace latcast::cli {
namespace {

using test::contains;

constexpr double kMs = 1e6;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::string page_of(const std::vector<ScatterPoint>& points) {
  return scatter_page({"Title", "Summary", {{"5-fold by network", "Note", {{"pixel4|gpu|float", points}}}}});
}

ScatterPoint point(const std::string& name, double truth_ns, double forecast_ns, const std::string& family = "resnet") {
  return {name, family, truth_ns, forecast_ns, 0, 0};
}

/// The class attribute of the point called so.
std::string classes_of(const std::string& page, const std::string& name) {
  const std::size_t circle = page.rfind("<circle class=\"", page.find("<title>" + name));
  const std::size_t from = page.find('"', circle) + 1;
  return page.substr(from, page.find('"', from) - from);
}

TEST(ScatterPage, SaysHowGoodForecastsWere) {
  const std::string page = page_of({point("a", 1 * kMs, 1.05 * kMs), point("b", 2 * kMs, 1.5 * kMs)});
  EXPECT_EQ(count(page, "<circle"), 2U);
  EXPECT_TRUE(contains(page, "MAPE 15.0 %"));
  EXPECT_TRUE(contains(page, "2 networks"));
  EXPECT_TRUE(contains(page, "50 % within 10 %"));
  EXPECT_TRUE(contains(page, "a\nresnet\nmeasured 1.00 ms\nforecast 1.05 ms, +5.0 %<"));
  EXPECT_TRUE(contains(page, "b\nresnet\nmeasured 2.00 ms\nforecast 1.50 ms, -25.0 %<"));
  EXPECT_FALSE(contains(page, "left out:"));
}

TEST(ScatterPage, NamesTheThreeWorst) {
  const std::string page = page_of({point("fair", 1 * kMs, 1.1 * kMs), point("best", 2 * kMs, 2 * kMs),
                                    point("bad", 3 * kMs, 2.1 * kMs), point("worst", 4 * kMs, 8 * kMs)});
  EXPECT_EQ(count(page, "class=\"worst"), 3U);
  for (const char* label : {">worst +100.0 %<", ">bad -30.0 %<", ">fair +10.0 %<"})
    EXPECT_TRUE(contains(page, label)) << label;
  EXPECT_FALSE(contains(page, ">best +"));
}

TEST(ScatterPage, KeepsNamesText) {
  const std::string evil = "</title><script>alert('x')</script>\"&";
  const std::string escaped = "&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;";
  const std::string page =
      scatter_page({evil, evil, {{evil, evil, {{evil, {point(evil, kMs, kMs, evil)}}}}, {evil, evil, {}}}});
  EXPECT_EQ(count(page, "<script"), 1U) << "its own";
  EXPECT_EQ(count(page, "</script"), 1U);
  EXPECT_FALSE(contains(page, "alert('x')"));
  // Twice the page's title, its summary, two buttons, titles and notes, the target's title and its plot's, the family
  // in the legend, name and family of the point. The label has the ends of the name only.
  EXPECT_EQ(count(page, escaped), 14U);
}

TEST(ScatterPage, CutsLongNamesBetweenLetters) {
  std::string name;
  for (int i = 0; i < 40; ++i) name += "\xC3\xA9";  // e with an acute accent
  const std::string page = page_of({point(name, kMs, 2 * kMs)});
  EXPECT_TRUE(contains(page, ">\xC3\xA9"));
  EXPECT_TRUE(contains(page, "\xC3\xA9..\xC3\xA9"));
  EXPECT_TRUE(contains(page, name)) << "whole in the tooltip";
}

TEST(ScatterPage, FetchesNothing) {
  const std::string page = page_of({point("a", 1 * kMs, 1.05 * kMs)});
  for (const char* outside : {"http", "//cdn", "<link", "src=", "url(", "@import", "fetch("})
    EXPECT_FALSE(contains(page, outside)) << outside;
}

TEST(ScatterPage, CountsWhatItLeavesOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const std::string page =
      page_of({point("kept", kMs, kMs), point("nan", nan, kMs), point("infinite", kMs, infinity), point("zero", 0, kMs),
               point("negative", kMs, -1, "ghost"), point("overflow", 1e-300, 1e300)});
  EXPECT_EQ(count(page, "<circle"), 1U);
  EXPECT_TRUE(contains(page, "1 network<"));
  EXPECT_TRUE(contains(page, "5 networks left out:"));
  EXPECT_FALSE(contains(page, "ghost")) << "a family without a point";
  EXPECT_FALSE(contains(page, "nan %"));
}

TEST(ScatterPage, SaysWhereThereIsNothingToPlot) {
  const std::string empty = page_of({});
  EXPECT_TRUE(contains(empty, "No network to show."));
  EXPECT_FALSE(contains(empty, "<svg"));
  const std::string left_out = page_of({point("a", 0, 0)});
  EXPECT_TRUE(contains(left_out, "No network to show."));
  EXPECT_TRUE(contains(left_out, "1 network left out:"));
  EXPECT_FALSE(contains(left_out, "<svg"));
  EXPECT_TRUE(contains(scatter_page({"Title", "", {{"Protocol", "", {}}}}), "No target to show."));
  EXPECT_TRUE(contains(scatter_page({"Title", "", {}}), "Nothing to show."));
}

TEST(ScatterPage, DrawsIntervalsThatThereAre) {
  EXPECT_FALSE(contains(page_of({point("a", kMs, kMs)}), "class=\"bars\""));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(contains(page_of({{"a", "f", kMs, kMs, nan, nan}}), "class=\"bars\""));
  const std::string page = page_of({{"a", "f", kMs, kMs, 0.9 * kMs, 1.2 * kMs}, point("b", 2 * kMs, kMs)});
  EXPECT_EQ(count(page, "class=\"bars\""), 1U);
  EXPECT_TRUE(contains(page, "interval 900 us to 1.20 ms"));
  EXPECT_EQ(count(page, "interval "), 1U);
}

TEST(ScatterPage, AxesSayUnits) {
  const std::string page = page_of({point("a", 20e3, 20e3), point("b", 2e9, 2e9)});
  for (const char* tick : {">100 us<", ">1 ms<", ">100 ms<", ">1 s<"}) EXPECT_EQ(count(page, tick), 2U) << tick;
  EXPECT_GE(count(page_of({point("a", 1.3e6, 1.3e6)}), " ms</text>"), 4U) << "a range for a single network";
}

TEST(ScatterPage, SurvivesAnyRange) {
  const std::string page = page_of({point("low", 1e-307, 1e-307), point("high", 1e307, 1e307)});
  EXPECT_EQ(count(page, "<circle"), 2U);
  EXPECT_FALSE(contains(page, "\"nan\"") || contains(page, "\"inf\"") || contains(page, "\"-nan\""));
}

TEST(ScatterPage, FamiliesLookTheSameInEveryPanelAndNotLikeEachOther) {
  std::vector<ScatterPoint> points;
  for (int i = 0; i < 16; ++i) {
    const std::string id = std::to_string(10 + i);
    points.push_back(point("net" + id, kMs, kMs, "family" + id));
  }
  const std::string page = page_of(points);
  std::set<std::string> looks;
  for (const ScatterPoint& each : points) looks.insert(classes_of(page, each.name));
  EXPECT_EQ(looks.size(), 16U);
  const std::string alone = page_of({point("x", kMs, kMs, "densenet")});
  const std::string other = page_of({point("y", kMs, kMs, "densenet"), point("z", kMs, kMs, "")});
  EXPECT_EQ(classes_of(alone, "x"), classes_of(other, "y"));
  points.push_back(point("one more", kMs, kMs, "a family above what markers there are"));
  EXPECT_EQ(count(page_of(points), "<circle"), 17U);
}

TEST(ScatterPage, OffersProtocolsWhereThereAreSeveral) {
  const ScatterGroup group{"By family", "", {{"target", {point("a", kMs, kMs)}}}};
  EXPECT_EQ(count(scatter_page({"Title", "", {group}}), "<button"), 0U);
  EXPECT_EQ(count(scatter_page({"Title", "", {group, group, group}}), "<button"), 3U);
}

TEST(ScatterPage, StaysBelowThreeMegabytes) {
  std::vector<ScatterPanel> panels(60, {"device|cpu(large)x4|float", {}});
  for (ScatterPanel& panel : panels) {
    for (int i = 0; i < 100; ++i) {
      const double truth = kMs * (1 + i), forecast = truth * (0.8 + 0.004 * i);
      panel.points.push_back({"a_network_with_quite_a_long_name_" + std::to_string(i), "family" + std::to_string(i % 9),
                              truth, forecast, 0.9 * forecast, 1.1 * forecast});
    }
  }
  const std::string page = scatter_page({"Title", "Summary", {{"Protocol", "Note", panels}}});
  EXPECT_EQ(count(page, "<circle"), 6000U);
  EXPECT_LT(page.size(), 3'000'000U);
}

}  // namespace
}  // namespace latcast::cli
