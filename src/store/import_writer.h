// Writing one imported table, as a single transaction: until `commit`, and where it is given up, the store is as it
// was. An import of the same name is replaced.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latcast/result.h"
#include "store/store.h"

namespace latcast {

/// A row that came before with the same identity.
struct EarlierRow {
  std::int64_t line = 0;  // 0: there was none
  bool same = false;      // the same fingerprint
};

class ImportWriter {
 public:
  /// `store` must outlive it.
  static Result<ImportWriter> begin(Store& store, const ImportRecord& import);

  Result<std::int64_t> add_target(const TargetRecord& target);
  Result<std::int64_t> add_network(const std::string& name, const std::string& family);
  /// Remembers the row; the first one of the network with this position counts.
  Result<EarlierRow> note_row(std::int64_t network, double position, std::int64_t line, std::uint64_t fingerprint);
  /// Its latency is not looked at.
  Result<std::int64_t> add_operation(const OperationRecord& operation);
  Result<void> add_latency(std::int64_t target, std::int64_t operation, std::int64_t latency_ns,
                           const std::string& kernel);
  Result<void> add_total(std::int64_t target, std::int64_t network, std::int64_t latency_ns,
                         std::optional<std::int64_t> deviation_ns);
  /// Targets that have no rows left go.
  Result<void> commit(const std::map<std::string, std::int64_t>& counts);

 private:
  struct Rollback {
    void operator()(sqlite::Database* database) const;
  };
  struct Statements {
    sqlite::Statement network, note, earlier, operation, latency, total;
  };
  ImportWriter(Store& store, std::unique_ptr<sqlite::Database, Rollback> transaction)
      : store_(&store), transaction_(std::move(transaction)) {}
  Result<void> open(const ImportRecord& import);
  Result<void> remove_rows();
  Result<void> prepare();

  Store* store_;
  std::unique_ptr<sqlite::Database, Rollback> transaction_;
  std::unique_ptr<Statements> statements_;
  std::int64_t import_ = 0;
  std::vector<std::int64_t> targets_;  // those that it had and those that it has
};

}  // namespace latcast
