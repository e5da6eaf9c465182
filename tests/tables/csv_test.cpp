#include "tables/csv.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include "must.h"
#include "scratch.h"

namespace latcast {
namespace {

using test::contains;
using Fields = std::vector<std::string>;

class Csv : public test::ScratchTest {
 protected:
  /// Header and records.
  [[nodiscard]] std::vector<Fields> read(const std::string& text) {
    CsvReader reader = test::must(CsvReader::open(put("a.csv", text)));
    std::vector<Fields> rows = {reader.header()};
    lines_.clear();
    CsvRecord record;
    while (test::must(reader.next(record))) {
      rows.push_back(record.fields);
      lines_.push_back(record.line);
    }
    EXPECT_EQ(reader.bytes_read(), text.size());
    EXPECT_EQ(reader.bytes_total(), text.size());
    return rows;
  }
  /// The first error.
  [[nodiscard]] std::string problem(const std::string& text) const {
    auto reader = CsvReader::open(put("a.csv", text));
    if (!reader) return reader.error().context;
    CsvRecord record;
    while (true) {
      const auto more = reader->next(record);
      if (!more) return more.error().context;
      if (!*more) return "";
    }
  }
  void expect_problem(const std::string& text, const std::string& what) const {
    const std::string said = problem(text);
    EXPECT_TRUE(contains(said, at("a.csv")) && contains(said, what)) << text.substr(0, 100) << "\n" << said;
  }
  std::vector<std::size_t> lines_;
};

TEST_F(Csv, ReadsFieldsAndLines) {
  EXPECT_EQ(read("a,b\n1,2\n3,\n"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}, {"3", ""}}));
  EXPECT_EQ(lines_, (std::vector<std::size_t>{2, 3}));
}

TEST_F(Csv, TakesEveryEndOfLineInOneFile) {
  EXPECT_EQ(read("a,b\r\n1,2\r3,4\n5,6"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}, {"3", "4"}, {"5", "6"}}));
  EXPECT_EQ(lines_, (std::vector<std::size_t>{2, 3, 4}));
}

TEST_F(Csv, SkipsAMarkAndBlankLines) {
  EXPECT_EQ(read("\xEF\xBB\xBF\n \n a , b\n\r\n\t\n1,2\n\n"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(lines_, (std::vector<std::size_t>{6}));
}

TEST_F(Csv, ReadsQuotes) {
  EXPECT_EQ(read("a,b\n\"1,5\",\"say \"\"no\"\"\"\n\"two\r\nlines\",\"\"\n3\"4,x\n"),
            (std::vector<Fields>{{"a", "b"}, {"1,5", "say \"no\""}, {"two\nlines", ""}, {"3\"4", "x"}}));
  EXPECT_EQ(lines_, (std::vector<std::size_t>{2, 3, 5}));
}

TEST_F(Csv, KeepsABlankThatIsQuoted) { EXPECT_EQ(read("a\n\"\"\n\nx\n"), (std::vector<Fields>{{"a"}, {""}, {"x"}})); }

TEST_F(Csv, ReadsAcrossItsBuffer) {
  std::string text = "a,b\n";
  std::vector<Fields> rows = {{"a", "b"}};
  for (int i = 0; i < 20000; ++i) {
    const std::string left(static_cast<std::size_t>(i % 40), 'x');
    text += left + ",\"y\"\"" + std::to_string(i) + "\"\r\n";
    rows.push_back({left, "y\"" + std::to_string(i)});
  }
  EXPECT_EQ(read(text), rows);
}

TEST_F(Csv, CountsFields) {
  expect_problem("a,b\n1,2\n3\n", ":3: has 1 fields, the header has 2");
  expect_problem("a,b\n1,2,3\n", ":2: has more than 2 fields");
}

TEST_F(Csv, RefusesBrokenQuotes) {
  expect_problem("a,b\n1,\"2\n3,4\n", ":2: a quote is opened here and never closed");
  expect_problem("a,b\n1,\"2\"3\n", ":2: text behind a closing quote");
}

TEST_F(Csv, RefusesWhatIsNoText) {
  expect_problem(std::string("a,b\n1,\0\n", 8), ":2: a NUL byte");
  expect_problem(std::string("\xFF\xFE"
                             "a\0,\0b\0",
                             8),
                 ":1: ");
  expect_problem("a,b\n1,caf\xE9\n", ":2: a field is not UTF-8");
  expect_problem("a,b\n1,\xED\xA0\x80\n", ":2: a field is not UTF-8");
  EXPECT_EQ(problem("a,b\n1,caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\n"), "");
}

TEST_F(Csv, RefusesAFieldWithoutEnd) {
  expect_problem("a,b\n1," + std::string((1 << 20) + 1, 'x') + "\n", ":2: a field is longer than 1 MB");
  expect_problem("a,b\n1,\"" + std::string(1 << 21, '\n'), ":2: a field is longer than 1 MB; is a quote");
  EXPECT_EQ(problem("a,b\n1," + std::string(1 << 20, 'x') + "\n"), "");
}

TEST_F(Csv, RefusesAFileWithoutAHeader) {
  expect_problem("", "the file is empty");
  expect_problem("\n\n", "has no header line");
  expect_problem("a;b\n1;2\n", "separated by commas");
  expect_problem(std::string(70000, ','), ":1: has more than 65536 fields");
}

TEST_F(Csv, RefusesWhatIsNoFile) {
  const auto missing = CsvReader::open(at("none.csv"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::not_found);
  const auto folder = CsvReader::open(folder_.string());
  ASSERT_FALSE(folder.has_value());
  EXPECT_TRUE(contains(folder.error().context, "is a folder")) << folder.error().context;
}

TEST_F(Csv, RefusesWhatMayNotBeRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  chmod(put("secret.csv", "a\n").c_str(), 0);
  const auto secret = CsvReader::open(at("secret.csv"));
  ASSERT_FALSE(secret.has_value());
  EXPECT_EQ(secret.error().code, Errc::io);
}

}  // namespace
}  // namespace latcast
