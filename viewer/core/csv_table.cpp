#include "viewer/core/csv_table.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "format/text.h"

namespace nae {
namespace {

std::optional<double> number_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end != text.c_str() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

// One line's cells, from `at` on, which moves behind the line's end. False: a quote without end.
bool take_line(const std::string& text, size_t& at, std::vector<std::string>& cells) {
    cells.assign(1, "");
    bool quoted = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted) {
            if (c != '"')
                cells.back() += c;
            else if (at + 1 < text.size() && text[at + 1] == '"')
                cells.back() += text[++at];
            else
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            cells.emplace_back();
        } else if (c == '\n') {
            ++at;
            return true;
        } else if (c != '\r') {
            cells.back() += c;
        }
    }
    return !quoted;
}

void append_line(std::string& out, const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += ',';
        if (cells[i].find_first_of(",\"\r\n") == std::string::npos) {
            out += cells[i];
            continue;
        }
        out += '"';
        for (const char c : cells[i]) out += c == '"' ? std::string("\"\"") : std::string(1, c);
        out += '"';
    }
    out += '\n';
}

}  // namespace

int CsvTable::column(const std::string& name) const {
    const auto it = std::find(columns.begin(), columns.end(), name);
    return it == columns.end() ? -1 : static_cast<int>(it - columns.begin());
}

std::optional<double> CsvTable::number(size_t row, int column_index) const {
    if (column_index < 0) return std::nullopt;
    return number_of(rows[row][static_cast<size_t>(column_index)]);
}

std::vector<double> CsvTable::numbers(int column_index, int where, const std::string& value) const {
    std::vector<double> out;
    for (size_t r = 0; r < rows.size(); ++r) {
        if (where >= 0 && rows[r][static_cast<size_t>(where)] != value) continue;
        if (const std::optional<double> cell = number(r, column_index)) out.push_back(*cell);
    }
    return out;
}

std::vector<std::string> CsvTable::values(int column_index) const {
    std::vector<std::string> out;
    if (column_index < 0) return out;
    for (const auto& row : rows) {
        const std::string& cell = row[static_cast<size_t>(column_index)];
        if (std::find(out.begin(), out.end(), cell) == out.end()) out.push_back(cell);
    }
    return out;
}

void CsvTable::sort(int column_index, bool descending) {
    const auto at = static_cast<size_t>(column_index);
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
        if (a[at].empty() || b[at].empty()) return !a[at].empty() && b[at].empty();
        const std::optional<double> x = number_of(a[at]), y = number_of(b[at]);
        if (x.has_value() != y.has_value()) return x.has_value();
        if (x) return descending ? *x > *y : *x < *y;
        return descending ? a[at] > b[at] : a[at] < b[at];
    });
}

Result<CsvTable> parse_csv(const std::string& text) {
    CsvTable table;
    size_t at = 0;
    for (int line = 1; at < text.size(); ++line) {
        std::vector<std::string> cells;
        if (!take_line(text, at, cells))
            return Status(ErrorCode::corrupt, cat("line ", line, ": a quotation mark has no partner"));
        if (cells.size() == 1 && cells[0].empty()) continue;
        if (line == 1) {
            table.columns = std::move(cells);
            continue;
        }
        if (cells.size() != table.columns.size())
            return Status(ErrorCode::corrupt, cat("line ", line, " has ", cells.size(),
                                                  " cells, the first line ", table.columns.size()));
        table.rows.push_back(std::move(cells));
    }
    return table;
}

Result<CsvTable> read_csv(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return Status(ErrorCode::io, path + ": cannot be read");
    return parse_csv(std::string(std::istreambuf_iterator<char>(in), {})).in(path);
}

std::string to_csv(const CsvTable& table) {
    std::string out;
    append_line(out, table.columns);
    for (const auto& row : table.rows) append_line(out, row);
    return out;
}

}  // namespace nae
