#include "tables/table_map.h"

#include <string>
#include <vector>

#include "scratch.h"
#include "small_map.h"

namespace latcast {
namespace {

using test::contains;
using test::kSmallMap;
using test::must;
using test::with;

std::string problem_of(const std::string& text) {
  const auto map = parse_map(text, "map.toml");
  if (!map) return map.error().context;
  const auto ok = check_map(*map, test::small_catalogue());
  return ok ? "" : ok.error().context;
}

void expect_problem(const std::string& from, const std::string& to, const std::string& what) {
  const std::string said = problem_of(with(kSmallMap, from, to));
  EXPECT_TRUE(said.starts_with("map.toml:") && contains(said, what)) << to << "\n" << said;
}

TEST(TableMap, KeepsWhatTheFileSays) {
  const TableMap map = must(parse_map(kSmallMap, "map.toml"));
  EXPECT_EQ(map.name, "small");
  EXPECT_EQ(map.text, kSmallMap);
  EXPECT_EQ(map.rows, TableMap::Rows::operations);
  EXPECT_EQ(map.network, "net");
  EXPECT_EQ(map.order, "step");
  EXPECT_EQ(map.missing, (std::vector<std::string>{"-", "NaN", "nan"}));
  EXPECT_EQ(map.target.unit_ns, 1000);
  EXPECT_EQ(map.target.statistic, "median");
  ASSERT_EQ(map.modules.size(), 3U);
  EXPECT_FALSE(map.modules[0].listed);
  EXPECT_TRUE(map.modules[1].listed);
  EXPECT_EQ(map.modules[1].parameters.size(), 2U);
  EXPECT_FALSE(map.looks_around());
  EXPECT_TRUE(must(parse_map(with(kSmallMap, "hidden > 0", "next.hidden > 0"), "map.toml")).looks_around());
  EXPECT_EQ(problem_of(kSmallMap), "");
}

TEST(TableMap, SuggestsKeys) {
  expect_problem("network =", "netwrok =", ":3: unknown key 'netwrok'; did you mean 'network'?");
  expect_problem("unit =", "units =", "unknown key 'units'; did you mean 'unit'?");
  expect_problem("listed =", "list =", "did you mean 'listed'?");
  expect_problem("[target.settings]", "[target.setings]", "did you mean 'settings'?");
}

TEST(TableMap, ChecksValues) {
  expect_problem("\"us\"", "\"hours\"", ":9: 'unit' must be ns, us, ms or s, not 'hours'");
  expect_problem("\"operations\"", "\"rows\"", ":2: 'rows' must be");
  expect_problem("\"small\"", "\"\"", ":1: 'name' is empty");
  expect_problem("statistic = \"median\"\n", "", "'statistic' is missing");
  expect_problem("order = \"step\"", "order = 3", ":4: 'order' must be a text");
  expect_problem("otherwise = 0", "otherwise = \"x\"", "'otherwise' must be a finite number");
  expect_problem("name = \"small\"", "name = \"small\"\nunmatched = \"ignore\"", "'unmatched' must be");
  expect_problem("[\"*res*\"]", "[]", "'networks' must list at least one pattern");
  expect_problem("[target.settings]", "[target.settings]\nstatistic = \"x\"", "has a key of its own");
}

TEST(TableMap, ChecksFields) {
  expect_problem("\"{device}|float\"", "\"{devise}|float\"",
                 "the field 'devise' is not in 'latency'; did you mean 'device'?");
  expect_problem("\"{device} time\"", "\"{device time\"", "a field is written {name}");
  expect_problem("\"{device} time\"", "\"{device}{cores} time\"", "two fields need a text between them");
  expect_problem("field = \"device\"", "field = \"cores\"", "the field 'cores' is not in 'latency'");
}

TEST(TableMap, ChecksRules) {
  expect_problem("rows = \"rows\"", "rows = \"rows +\"", "'rows': unexpected end");
  expect_problem("type = \"t_mul\"", "type = \"t_mull\"",
                 "the catalogue has no such module type; did you mean 't_mul'?");
  expect_problem("type = \"t_mul\"", "type = \"t_node\"", "come from graphs");
  expect_problem("inner = \"inner | 1\"", "iner = \"inner | 1\"", "no parameter 'iner'; did you mean 'inner'?");
  expect_problem("inner = \"inner | 1\"\n", "", "parameter 'inner' of the type is missing");
  expect_problem("inner = \"inner | 1\"\n", "inner = 1\nfast = 1\n", "the type has no parameter 'fast'");
  expect_problem("[target.condition.fast]", "[target.condition.slow]",
                 "the type reads the condition 'fast'; give it as [target.condition.fast]");
}

TEST(TableMap, KnowsWhatGoesWithWhichRows) {
  const std::string networks =
      "name = \"n\"\nrows = \"networks\"\nnetwork = \"net\"\n[target]\nlatency = \"{d}|ms\"\nunit = \"ms\"\n"
      "statistic = \"mean\"\nname = \"{d}\"\ndevice = \"{d}\"\nengine = \"toy\"\nengine_version = \"1\"\n";
  EXPECT_EQ(problem_of(networks), "");
  EXPECT_TRUE(
      contains(problem_of(with(networks, "[target]", "order = \"step\"\n[target]")), ":4: 'order' is for rows"));
  EXPECT_TRUE(contains(problem_of(networks + "[[module]]\ntype = \"t_copy\"\n"), "'module' is for rows"));
  EXPECT_TRUE(contains(problem_of(with(networks, "unit", "kernel = \"{d}|k\"\nunit")), "'kernel' is for rows"));
  EXPECT_TRUE(contains(problem_of(with(networks, "\"networks\"", "\"operations\"")), "there is no [[module]]"));
  EXPECT_TRUE(
      contains(problem_of(with(kSmallMap, "order =", "operations = [\"x\"]\norder =")), "'operations' is for rows"));
}

TEST(TableMap, FindsFamilies) {
  const TableMap map = must(parse_map(kSmallMap, "map.toml"));
  EXPECT_EQ(family_of(map, "preresnet18"), "res");
  EXPECT_EQ(family_of(map, "alex"), "alex");
  EXPECT_EQ(family_of(map, "dla46c"), "dla");
  EXPECT_EQ(family_of(map, "mit-b0"), "mit");
  EXPECT_EQ(family_of(map, "vit_base"), "vit");
  EXPECT_EQ(family_of(map, "3d-net"), "3d-net");
}

TEST(TableMap, FitsPatterns) {
  EXPECT_TRUE(fits("*", ""));
  EXPECT_TRUE(fits("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(fits("?ab", "cab"));
  EXPECT_TRUE(fits("*ab", "aab"));
  EXPECT_FALSE(fits("?ab", "ab"));
  EXPECT_FALSE(fits("a*b", "abc"));
  EXPECT_FALSE(fits("", "a"));
  EXPECT_TRUE(fits("", ""));
  EXPECT_FALSE(fits(std::string(2000, '*') + "b", std::string(2000, 'a')));
}

TEST(FieldText, MatchesHeadings) {
  const FieldText text = must(FieldText::parse("{device}|{cores}|lat_us", "latency"));
  const FieldText::Fields fields = {{"device", "s10"}, {"cores", "1large"}};
  EXPECT_EQ(text.match("s10|1large|lat_us"), fields);
  EXPECT_EQ(text.fill(fields), "s10|1large|lat_us");
  EXPECT_FALSE(text.match("s10|lat_us").has_value());
  EXPECT_FALSE(text.match("s10||lat_us").has_value());
  EXPECT_FALSE(text.match("s10|a|b|lat_us").has_value());
  EXPECT_FALSE(text.match("s10|1large|lat_us|x").has_value());
  const FieldText twice = must(FieldText::parse("{a}_{a}", "latency"));
  EXPECT_TRUE(twice.match("x_y_x_y").has_value());
  EXPECT_FALSE(twice.match("x_y").has_value());
}

class MapFile : public test::ScratchTest {};

TEST_F(MapFile, ErrorsNameTheFile) {
  const auto missing = read_map(at("none.toml"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_TRUE(contains(missing.error().context, at("none.toml"))) << missing.error().context;
  const auto folder = read_map(folder_.string());
  ASSERT_FALSE(folder.has_value());
  EXPECT_TRUE(contains(folder.error().context, "not a regular file")) << folder.error().context;
  const auto broken = read_map(put("map.toml", "name = \n"));
  ASSERT_FALSE(broken.has_value());
  EXPECT_TRUE(contains(broken.error().context, at("map.toml") + ":1:")) << broken.error().context;
}

}  // namespace
}  // namespace latcast
