// Tables of the laboratory: comma-separated values (RFC 4180), shown, sorted and written again.
#ifndef NAE_VIEWER_CORE_CSV_TABLE_H_
#define NAE_VIEWER_CORE_CSV_TABLE_H_

#include <optional>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae {

struct CsvTable {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;  // each as long as columns

    // -1 when there is none of this name.
    int column(const std::string& name) const;
    // A cell that is a finite number, as a whole.
    std::optional<double> number(size_t row, int column) const;
    // All numbers of a column in rows whose `where` column holds `value`; where = -1: in all rows.
    std::vector<double> numbers(int column, int where = -1, const std::string& value = "") const;
    // The different texts of a column, in the order they first come.
    std::vector<std::string> values(int column) const;
    // Numbers by size, before texts by the alphabet; empty cells last in both directions. Equal ones keep their order.
    void sort(int column, bool descending);
};

// The first line names the columns. Errors: corrupt, with the number of the line (a quote without end, a row of another
// length).
Result<CsvTable> parse_csv(const std::string& text);
// Errors: io, and those of parse_csv() with the file's name.
Result<CsvTable> read_csv(const std::string& path);
std::string to_csv(const CsvTable& table);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_CSV_TABLE_H_
