#include "codec/entropy/table_builder.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "codec/entropy/escape_code.h"

namespace nae {
namespace {

// Tail mass at which a distribution's list ends; far below what a table can resolve.
constexpr double kNegligible = 1e-12;

template <class Distribution>
std::vector<double> magnitudes(Distribution upper_tail) {
    // upper_tail(x) = P(X > x); differences of tails keep their precision where differences of CDFs do not.
    std::vector<double> result{1.0 - 2.0 * upper_tail(0.5)};
    for (int a = 1; a <= kMaxSymbolMagnitude; ++a) {
        const double inner = upper_tail(a - 0.5);
        if (inner < kNegligible) break;
        result.push_back(2.0 * (inner - upper_tail(a + 0.5)));
    }
    return result;
}

// Frequencies for a fixed range M: floors first, then one pair (or single) at a time where it saves most.
FrequencyTable allocate(const std::vector<double>& p, double sum, int max_symbol) {
    const auto groups = static_cast<size_t>(max_symbol) + 2;  // |symbol| = 0..M, then escape
    std::vector<double> mass(groups, 0.0);
    double inside = 0;
    for (size_t a = 0; a + 1 < groups && a < p.size(); ++a) inside += mass[a] = p[a] / sum;
    mass[groups - 1] = std::max(0.0, 1.0 - inside);

    const auto width = [&](size_t g) { return g == 0 || g + 1 == groups ? 1 : 2; };
    std::vector<int> frequency(groups);
    int total = 0;
    for (size_t g = 0; g < groups; ++g) {
        frequency[g] = std::max(1, static_cast<int>(std::floor(mass[g] * kProbabilityTotal / width(g))));
        total += width(g) * frequency[g];
    }
    // Too much (many forced ones): take from where it costs least. Too little: give where it saves most.
    const int step = total > kProbabilityTotal ? -1 : 1;
    const auto gain = [&](size_t g) {  // bits saved per unit of frequency by one step
        const int f = frequency[g];
        if (step < 0 && f == 1) return -1e300;
        return mass[g] / width(g) * std::log2(static_cast<double>(f + step) / f);
    };
    using Entry = std::pair<double, size_t>;
    std::priority_queue<Entry> queue;
    for (size_t g = 0; g < groups; ++g) queue.push({gain(g), g});
    while (total != kProbabilityTotal && !queue.empty()) {
        const size_t g = queue.top().second;
        queue.pop();
        // A pair that no longer fits is dropped from the queue; |0| and escape, of width 1, fill what
        // remains.
        if (std::abs(kProbabilityTotal - total) < width(g) || (step < 0 && frequency[g] == 1)) continue;
        frequency[g] += step;
        total += step * width(g);
        queue.push({gain(g), g});
    }
    FrequencyTable table;
    table.max_symbol = max_symbol;
    table.escape_frequency = static_cast<uint16_t>(frequency[groups - 1]);
    table.frequencies.assign(frequency.begin(), frequency.end() - 1);
    return table;
}

}  // namespace

double table_scale(int bias, int index) { return std::exp2((64.0 * index + 32.0 - bias) / 256.0); }

int bias_for_smallest_scale(double sigma) {
    return static_cast<int>(std::lround(64.0 + 32.0 - 256.0 * std::log2(sigma)));
}

std::vector<double> gaussian_magnitudes(double sigma) {
    return magnitudes([sigma](double x) { return 0.5 * std::erfc(x / (sigma * std::sqrt(2.0))); });
}

std::vector<double> logistic_magnitudes(double sigma) {
    const double s = sigma * std::sqrt(3.0) / std::acos(-1.0);
    return magnitudes([s](double x) { return 1.0 / (1.0 + std::exp(std::min(x / s, 700.0))); });
}

double expected_bits(const FrequencyTable& table, const std::vector<double>& magnitude_probability) {
    double bits = 0, sum = 0;
    for (size_t a = 0; a < magnitude_probability.size(); ++a) {
        const double p = magnitude_probability[a];
        const int magnitude = static_cast<int>(a);
        sum += p;
        if (p <= 0) continue;
        if (magnitude <= table.max_symbol) {
            bits += p * (kProbabilityBits - std::log2(table.frequencies[a]));
        } else {
            bits += p * (kProbabilityBits - std::log2(table.escape_frequency) +
                         escape_bits(table.max_symbol, magnitude));
        }
    }
    return bits / sum;
}

double entropy_bits(const std::vector<double>& magnitude_probability) {
    double sum = 0, bits = 0;
    for (const double p : magnitude_probability) sum += p;
    for (size_t a = 0; a < magnitude_probability.size(); ++a) {
        const double p = magnitude_probability[a] / sum;
        if (p > 0) bits += p * ((a == 0 ? 0.0 : 1.0) - std::log2(p));  // 1 bit of sign
    }
    return bits;
}

FrequencyTable make_frequency_table(const std::vector<double>& magnitude_probability) {
    double sum = 0;
    for (const double p : magnitude_probability) sum += p;
    const int largest = std::min<int>(kMaxTableSymbol, static_cast<int>(magnitude_probability.size()) - 1);
    FrequencyTable best;
    double best_bits = 1e300;
    // Cost over the range is smooth, so ranges an eighth apart are enough.
    for (int m = 0; m <= std::max(0, largest); m += 1 + m / 8) {
        if (2 * m + 2 > kProbabilityTotal / 2) break;
        FrequencyTable table = allocate(magnitude_probability, sum, m);
        const double bits = expected_bits(table, magnitude_probability);
        if (bits < best_bits) {
            best_bits = bits;
            best = std::move(table);
        }
    }
    return best;
}

TableSet make_gaussian_tables(int bias, int count) {
    TableSet set;
    set.bias = bias;
    set.tables.resize(1);
    for (int i = 1; i < count; ++i) {
        set.tables.push_back(make_frequency_table(gaussian_magnitudes(table_scale(bias, i))));
    }
    return set;
}

TableSet make_logistic_tables(int bias, int count) {
    TableSet set;
    set.bias = bias;
    set.tables.resize(1);
    for (int i = 1; i < count; ++i) {
        set.tables.push_back(make_frequency_table(logistic_magnitudes(table_scale(bias, i))));
    }
    return set;
}

}  // namespace nae
