// A made-up table of two kinds of operations, its map and the catalogue for it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "must.h"

namespace latcast::test {

inline Catalogue small_catalogue() {
  const std::vector<std::pair<std::string, std::string>> sources = {
      {"mul.toml",
       "name = \"t_mul\"\nsummary = \"product\"\ngiven = [\"rows\", \"inner\"]\nbase = [\"rows\"]\n"
       "features = [\"rows\", \"cond.fast\"]\n"},
      {"fast.toml", "[[condition]]\nname = \"fast\"\nsummary = \"of hares\"\nrange = [0, 1]\n"},
      {"copy.toml",
       "name = \"t_copy\"\nsummary = \"copies\"\ngiven = [\"size\"]\nbase = [\"size\"]\nfeatures = [\"size\"]\n"},
      {"node.toml",
       "name = \"t_node\"\nsummary = \"of graphs\"\noperators = [\"T\"]\nbase = [\"a\"]\nfeatures = [\"a\"]\n"
       "[parameters]\na = \"elements(out0)\"\n"}};
  return must(Catalogue::from_sources(sources));
}

inline constexpr const char* kSmallMap = R"toml(name = "small"
rows = "operations"
network = "net"
order = "step"

[target]
latency = "{device} time"
kernel = "{device} kernel"
unit = "us"
statistic = "median"
name = "{device}|float"
device = "{device}"
engine = "toy"
engine_version = "1.0"
[target.settings]
precision = "float"
[target.condition.fast]
field = "device"
values = { hare = 1 }
otherwise = 0

[[family]]
name = "res"
networks = ["*res*"]

[[module]]
type = "t_copy"
when = "hidden > 0"
listed = false
[module.parameters]
size = "hidden * 10"

[[module]]
type = "t_mul"
when = 'op == "MUL"'
[module.parameters]
rows = "rows"
inner = "inner | 1"

[[module]]
type = "t_copy"
when = 'op == "COPY"'
[module.parameters]
size = "rows"
)toml";

inline constexpr const char* kSmallTable =
    "net,step,op,rows,inner,hidden,hare time,hare kernel,snail time,snail kernel\n"
    "res1,0,MUL,4,8,0,1.5,quick,20,slow\n"
    "res1,1,COPY,6,-,2,2.5,,NaN,slow\n"
    "alex,0,MUL,5,,0,3,quick,0,slow\n";

/// With the first `from` replaced.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no '" + from + "' in the text");
  return text.replace(at, from.size(), to);
}

}  // namespace latcast::test
