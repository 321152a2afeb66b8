// Construction of entropy tables for the exporter and for tests. Float arithmetic is fine here: the result is
// stored as integers in the model file and the decoder only ever reads those.
#ifndef NAE_CODEC_ENTROPY_TABLE_BUILDER_H_
#define NAE_CODEC_ENTROPY_TABLE_BUILDER_H_

#include <vector>

#include "codec/entropy/tables.h"

namespace nae {

// Standard deviation, in quantisation steps, at the centre of table `index` (>= 1) of a set with this bias:
// 2^((64 index + 32 - bias) / 256).
double table_scale(int bias, int index);

// The bias that puts table 1 at (nearly) this standard deviation. Symbols predicted to be narrower get index
// 0, "certain zero", which cannot express anything else: at 0.12 a normal variable exceeds 1/2 once in 30000.
int bias_for_smallest_scale(double sigma);

// The cheapest table, in expected bits, for a symmetric symbol: magnitude_probability[a] is the probability
// of |symbol| = a, both signs together (any positive sum). Chooses the range and gives the counts that remain
// after flooring to where they save most.
FrequencyTable make_frequency_table(const std::vector<double>& magnitude_probability);

// Integer-rounded normal / logistic distributions of standard deviation table_scale(bias, i), i = 1 .. count
// - 1.
TableSet make_gaussian_tables(int bias, int count);
TableSet make_logistic_tables(int bias, int count);

// Probabilities of |round(x)| = 0, 1, …, until the tail is negligible, for x of standard deviation sigma.
std::vector<double> gaussian_magnitudes(double sigma);
std::vector<double> logistic_magnitudes(double sigma);

// Expected bits per symbol when `table` codes symbols of these probabilities, and their entropy.
double expected_bits(const FrequencyTable& table, const std::vector<double>& magnitude_probability);
double entropy_bits(const std::vector<double>& magnitude_probability);

}  // namespace nae

#endif  // NAE_CODEC_ENTROPY_TABLE_BUILDER_H_
