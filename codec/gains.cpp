#include "codec/gains.h"

#include <algorithm>
#include <cstdlib>

#include "codec/graph.h"
#include "codec/region.h"
#include "format/little_endian.h"
#include "format/span.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr int32_t kMaxStep = 1 << 28;

Status check_values(const std::vector<int32_t>& values, size_t expected, const char* what) {
    if (values.size() != expected) {
        return Status(ErrorCode::corrupt, cat(what, ": ", values.size(), " values, expected ", expected));
    }
    for (size_t i = 0; i < values.size(); ++i) {
        if (values[i] < -kMaxLog2Gain || values[i] > kMaxLog2Gain) {
            return Status(ErrorCode::corrupt, cat(what, ": value ", i, " is ", values[i]));
        }
    }
    return Status();
}

Status check_table(const GainTable& table, const char* what) {
    if (table.channels < 1 || table.channels > kMaxChannels) {
        return Status(ErrorCode::corrupt, cat(what, ": number of channels is ", table.channels));
    }
    if (table.anchors < 2 || table.anchors > kMaxAnchors) {
        return Status(ErrorCode::corrupt, cat(what, ": number of anchors is ", table.anchors));
    }
    const size_t c = static_cast<size_t>(table.channels), k = static_cast<size_t>(table.anchors);
    NAE_RETURN_IF_ERROR(check_values(table.log2_gain, c * k, what));
    NAE_RETURN_IF_ERROR(check_values(table.log2_inverse_unit, c, what));
    for (size_t i = 0; i < c * k; ++i) {
        if (dequant_step(table.log2_inverse_unit[i / k], table.log2_gain[i]) == 0) {
            return Status(ErrorCode::corrupt, cat(what, ": channel ", i / k, ", anchor ", i % k,
                                                  ": dequantisation step out of range"));
        }
    }
    return Status();
}

void append_all(std::vector<uint8_t>& out, const std::vector<int32_t>& values) {
    for (int32_t v : values) append_le(out, v);
}

Status read_all(ByteReader& reader, const char* field, size_t count, std::vector<int32_t>* out) {
    ByteSpan bytes;
    NAE_RETURN_IF_ERROR(reader.read_span(field, count * 4, &bytes));
    out->resize(count);
    for (size_t i = 0; i < count; ++i) (*out)[i] = load_le<int32_t>(bytes.data() + 4 * i);
    return Status();
}

Result<Gains> read_gains(ByteReader& reader) {
    uint16_t k = 0, c = 0, cz = 0;
    NAE_RETURN_IF_ERROR(reader.read("anchors", &k));
    NAE_RETURN_IF_ERROR(reader.read("latent channels", &c));
    NAE_RETURN_IF_ERROR(reader.read("hyper channels", &cz));
    Gains g;
    g.latent.channels = c;
    g.hyper.channels = cz;
    g.latent.anchors = g.hyper.anchors = k;
    const size_t anchors = k;
    NAE_RETURN_IF_ERROR(read_all(reader, "latent gains", c * anchors, &g.latent.log2_gain));
    NAE_RETURN_IF_ERROR(read_all(reader, "latent units", c, &g.latent.log2_inverse_unit));
    NAE_RETURN_IF_ERROR(read_all(reader, "hyper gains", cz * anchors, &g.hyper.log2_gain));
    NAE_RETURN_IF_ERROR(read_all(reader, "hyper units", cz, &g.hyper.log2_inverse_unit));
    NAE_RETURN_IF_ERROR(read_all(reader, "hyper scales", cz, &g.hyper_log2_scale));
    NAE_RETURN_IF_ERROR(reader.expect_end());
    NAE_RETURN_IF_ERROR(validate(g));
    return g;
}

}  // namespace

AnchorPosition anchor_position(int anchors, int quality_centi) {
    const int64_t p = static_cast<int64_t>(std::clamp(quality_centi, kMinQualityCenti, kMaxQualityCenti) -
                                           kMinQualityCenti) *
                      (anchors - 1);
    const int64_t s = std::min<int64_t>(p / kQualitySpan, anchors - 2);
    return {static_cast<int>(s), static_cast<int32_t>(p - kQualitySpan * s)};
}

size_t nearest_set(size_t sets, int quality_centi) {
    const int64_t last = static_cast<int64_t>(sets) - 1;
    const int64_t position =
        last * (std::clamp(quality_centi, kMinQualityCenti, kMaxQualityCenti) - kMinQualityCenti);
    return static_cast<size_t>((2 * position + kQualitySpan) / (2 * kQualitySpan));
}

int32_t GainTable::log2_gain_at(int c, int quality_centi) const {
    const AnchorPosition at = anchor_position(anchors, quality_centi);
    const int32_t* a = log2_gain.data() + static_cast<ptrdiff_t>(c) * anchors + at.anchor;
    return a[0] + static_cast<int32_t>(div_down(
                      (static_cast<int64_t>(a[1]) - a[0]) * at.rest + kQualitySpan / 2, kQualitySpan));
}

int32_t dequant_step(int32_t log2_inverse_unit, int32_t log2_gain) {
    const int64_t e = static_cast<int64_t>(log2_inverse_unit) - log2_gain;
    // kExp2Table has 30 fraction bits, the step 16.
    const int64_t shift = (e >> 8) + 16 - 30;
    const uint64_t mantissa = kExp2Table[e & 255];
    if (shift > 0 || shift < -40) return 0;  // far outside 1 .. 2^28: the mantissa is at least 2^30
    const int down = static_cast<int>(-shift);
    const uint64_t step = down == 0 ? mantissa : (mantissa + (uint64_t{1} << (down - 1))) >> down;
    return step < 1 || step > kMaxStep ? 0 : static_cast<int32_t>(step);
}

QuantSteps steps_at(const GainTable& table, int quality_centi) {
    QuantSteps out;
    const size_t n = static_cast<size_t>(table.channels);
    out.log2_gain.resize(n);
    out.step.resize(n);
    for (size_t c = 0; c < n; ++c) {
        out.log2_gain[c] = table.log2_gain_at(static_cast<int>(c), quality_centi);
        out.step[c] = dequant_step(table.log2_inverse_unit[c], out.log2_gain[c]);
    }
    return out;
}

Status validate(const Gains& gains) {
    NAE_RETURN_IF_ERROR(check_table(gains.latent, "latent gains"));
    NAE_RETURN_IF_ERROR(check_table(gains.hyper, "hyper gains"));
    if (gains.latent.anchors != gains.hyper.anchors) {
        return Status(ErrorCode::corrupt,
                      cat("anchors: latent has ", gains.latent.anchors, ", hyper has ", gains.hyper.anchors));
    }
    return check_values(gains.hyper_log2_scale, static_cast<size_t>(gains.hyper.channels), "hyper scales");
}

std::vector<uint8_t> serialise_gains(const Gains& gains) {
    std::vector<uint8_t> out;
    append_le(out, static_cast<uint16_t>(gains.latent.anchors));
    append_le(out, static_cast<uint16_t>(gains.latent.channels));
    append_le(out, static_cast<uint16_t>(gains.hyper.channels));
    append_all(out, gains.latent.log2_gain);
    append_all(out, gains.latent.log2_inverse_unit);
    append_all(out, gains.hyper.log2_gain);
    append_all(out, gains.hyper.log2_inverse_unit);
    append_all(out, gains.hyper_log2_scale);
    return out;
}

Result<Gains> parse_gains(const uint8_t* data, size_t size, const char* what) {
    ByteReader reader(ByteSpan(data, size));
    return read_gains(reader).in(what);
}

}  // namespace nae
