#include "codec/research_model.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "codec/model.h"
#include "format/byte_sink.h"
#include "format/container.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {
namespace {

using Bytes = std::vector<uint8_t>;

Status corrupt(const std::string& message) { return Status(ErrorCode::corrupt, message); }

Status check_graph(const FloatGraphInfo& info, int in, int out, const Resolution& resolution) {
    if (info.input_channels() != in)
        return corrupt(cat("input channels: ", info.input_channels(), ", expected ", in));
    if (info.output_channels() != out)
        return corrupt(cat("output channels: ", info.output_channels(), ", expected ", out));
    if (info.nodes.back().resolution != resolution)
        return corrupt(cat("output resolution: about ", info.nodes.back().resolution.ratio(),
                           " times the input's, expected ", resolution.ratio()));
    return Status();
}

Bytes head_of(const ResearchModel& m) {
    Bytes out;
    append_le(out, static_cast<uint16_t>(kModelVersion));
    append_le(out, static_cast<uint16_t>(m.latent_channels));
    append_le(out, uint16_t{0});
    append_le(out, static_cast<uint8_t>(m.stride));
    append_le(out, uint8_t{0});
    append_le(out, static_cast<uint8_t>(kResearchFracBits));
    append_le(out, uint8_t{0});
    append_le(out, static_cast<uint8_t>(m.name.size()));
    append_bytes(out, m.name.data(), m.name.size());
    return out;
}

Status read_floats(ByteReader& reader, size_t n, std::vector<float>* out) {
    out->resize(n);
    for (float& value : *out) {
        ByteSpan bits;
        NAE_RETURN_IF_ERROR(reader.read_span("centre or step", 4, &bits));
        value = load_le_float(bits.data());
    }
    return Status();
}

}  // namespace

Status validate(const ResearchModel& m, const Limits& limits) {
    if (m.name.empty() || m.name.size() > kMaxModelName || !is_plain_utf8(m.name) ||
        m.name.find('/') != std::string::npos)
        return corrupt("MHDR: not a model name");
    if (m.latent_channels < 1 || m.latent_channels > kMaxResearchChannels)
        return corrupt(cat("MHDR: latent channels: ", m.latent_channels));
    if (m.stride < 1 || m.stride > kMaxResearchStride) return corrupt(cat("MHDR: latent stride: ", m.stride));
    if (m.picture_channels != 1 && m.picture_channels != 3)
        return corrupt(cat("FSYN: picture channels: ", m.picture_channels));
    if (m.classes < 0 || m.classes == 1 || m.classes > 255) return corrupt(cat("FSYN: classes: ", m.classes));
    const auto channels = static_cast<size_t>(m.latent_channels);
    if (m.centre.size() != channels || m.step.size() != channels)
        return corrupt("FSYN: centres and steps do not fit the channels");
    for (size_t c = 0; c < channels; ++c)
        if (!std::isfinite(m.centre[c]) || !std::isfinite(m.step[c]) || !(m.step[c] > 0))
            return corrupt(cat("FSYN: channel ", c, ": centre ", m.centre[c], ", step ", m.step[c]));
    NAE_RETURN_IF_ERROR(validate_table_set(m.tables).in("TABL"));
    if (m.tables.count() != m.latent_channels + 1)
        return corrupt(cat("TABL: ", m.tables.count(), " tables, expected ", m.latent_channels + 1));
    Limits per_latent = limits;  // the graph counts per position of its input
    per_latent.max_macs_per_pixel = std::min<uint64_t>(limits.max_macs_per_pixel, UINT64_MAX >> 16) *
                                    static_cast<uint64_t>(m.stride * m.stride);
    const auto synthesis = validate(m.synthesis, per_latent);
    if (!synthesis.ok()) return synthesis.status().in("FSYN");
    NAE_RETURN_IF_ERROR(check_graph(synthesis.value(), m.latent_channels, m.picture_channels,
                                    Resolution().multiplied(m.stride))
                            .in("FSYN"));
    if (m.analysis.empty()) return Status();
    const auto analysis = validate(m.analysis, limits);
    if (!analysis.ok()) return analysis.status().in("aNLZ");
    return check_graph(analysis.value(), m.picture_channels + (m.classes > 0 ? 1 : 0), m.latent_channels,
                       Resolution().divided(m.stride))
        .in("aNLZ");
}

Result<Bytes> serialise_research_model(const ResearchModel& m) {
    Limits no_cost_limit;
    no_cost_limit.max_macs_per_pixel = UINT64_MAX;
    NAE_RETURN_IF_ERROR(validate(m, no_cost_limit));
    MemorySink sink;
    ChunkWriter writer(sink, kModelSignature);
    NAE_RETURN_IF_ERROR(writer.write_chunk(ChunkType("MHDR"), head_of(m)));
    Bytes synthesis;
    append_le(synthesis, static_cast<uint8_t>(m.classes));
    for (const auto* values : {&m.centre, &m.step})
        for (float v : *values) append_le_float(synthesis, v);
    NAE_ASSIGN_OR_RETURN(const Bytes graph, serialise_float_graph(m.synthesis));
    append_bytes(synthesis, graph.data(), graph.size());
    NAE_RETURN_IF_ERROR(writer.write_chunk(ChunkType("FSYN"), synthesis));
    Bytes tables;
    serialise_table_set(m.tables, tables);
    NAE_RETURN_IF_ERROR(writer.write_chunk(ChunkType("TABL"), tables));
    if (!m.analysis.empty()) {
        NAE_ASSIGN_OR_RETURN(const Bytes part, serialise_float_graph(m.analysis));
        Bytes analysis;
        append_le(analysis, static_cast<uint32_t>(part.size()));
        append_bytes(analysis, part.data(), part.size());
        NAE_RETURN_IF_ERROR(writer.write_chunk(ChunkType("aNLZ"), analysis));
    }
    if (!m.text.empty())
        NAE_RETURN_IF_ERROR(writer.write_chunk(
            ChunkType("tEXT"), ByteSpan(reinterpret_cast<const uint8_t*>(m.text.data()), m.text.size())));
    NAE_RETURN_IF_ERROR(writer.finish());
    return sink.take();
}

Status save_research_model(const ResearchModel& m, const std::string& path) {
    const Result<Bytes> bytes = serialise_research_model(m);
    if (!bytes.ok()) return bytes.status().in(path);
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSink> sink, FileSink::create(path));
    NAE_RETURN_IF_ERROR(sink->write(bytes.value().data(), bytes.value().size()));
    return sink->commit();
}

Status parse_research_synthesis(ByteSpan payload, const Limits& limits, ResearchModel& m) {
    ByteReader reader(payload);
    uint8_t classes = 0;
    NAE_RETURN_IF_ERROR(reader.read("classes", &classes));
    m.classes = classes;
    const auto channels = static_cast<size_t>(m.latent_channels);
    NAE_RETURN_IF_ERROR(read_floats(reader, channels, &m.centre));
    NAE_RETURN_IF_ERROR(read_floats(reader, channels, &m.step));
    const size_t at = 1 + 8 * channels;
    Limits generous = limits;  // costs are judged by validate()
    generous.max_macs_per_pixel = UINT64_MAX;
    NAE_ASSIGN_OR_RETURN(m.synthesis,
                         parse_float_graph(payload.data() + at, payload.size() - at, "synthesis", generous));
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(m.synthesis, generous));
    m.picture_channels = info.output_channels();
    return Status();
}

Status parse_research_analysis(ByteSpan payload, const Limits& limits, ResearchModel& m) {
    Limits generous = limits;
    generous.max_macs_per_pixel = UINT64_MAX;
    ByteReader reader(payload);
    uint32_t length = 0;
    ByteSpan part;
    NAE_RETURN_IF_ERROR(reader.read("length", &length));
    NAE_RETURN_IF_ERROR(reader.read_span("analysis", length, &part));
    NAE_RETURN_IF_ERROR(reader.expect_end());
    NAE_ASSIGN_OR_RETURN(m.analysis, parse_float_graph(part.data(), part.size(), "analysis", generous));
    return Status();
}

}  // namespace nae
