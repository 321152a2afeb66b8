#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "codec/graph_io.h"
#include "codec/model.h"
#include "codec/native_analysis.h"
#include "codec/post_filter_engines.h"
#include "codec/research_model.h"
#include "codec/sha256.h"
#include "codec/split_graph.h"
#include "format/byte_sink.h"
#include "format/container.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr ChunkType kHead("MHDR"), kHyperSynthesis("HSYN"), kSynthesis("SYNT"), kGains("GAIN"),
    kTables("TABL"), kTrellis("TRLS"), kContext("CNTX"), kLap("LAPP"), kRestoration("FILT"),
    kPostFilter("NNPF");
constexpr ChunkType kAnalysis("aNLZ"), kConditions("aCND"), kAnalysisLap("aLAP"), kText("tEXT");
// Critical chunks in the only order allowed: there is one decoding part, and one ID, for one model. The last ones may be
// left out.
constexpr ChunkType kOrder[] = {kHead,    kHyperSynthesis, kSynthesis, kGains,       kTables,
                                kTrellis, kContext,        kLap,       kRestoration, kPostFilter};
constexpr size_t kCriticalChunks = 10, kRequiredChunks = 5;
constexpr size_t kTrellisPlace = 5, kContextPlace = 6, kLapPlace = 7, kRestorationPlace = 8,
                 kPostFilterPlace = 9;
// Those of a research model; the second one tells.
constexpr ChunkType kFloatSynthesis("FSYN");
constexpr ChunkType kResearchOrder[] = {kHead, kFloatSynthesis, kTables};

using Bytes = std::vector<uint8_t>;

// Chunks of a model file, undecoded, CRCs checked.
struct ModelChunks {
    AlignedVector8 decoding_part;
    ByteSpan critical[kCriticalChunks];  // payloads, within the decoding part
    AlignedVector8 analysis;             // the whole chunk
    Bytes conditions;
    Bytes analysis_lap;
    Bytes text;
    bool has_analysis = false;
    bool research = false;

    ByteSpan analysis_payload() const {
        return ByteSpan(analysis).subspan(kChunkHeaderBytes,
                                          analysis.size() - kChunkHeaderBytes - kChunkTrailerBytes);
    }
    // The place of a critical chunk that follows the one at place - 1; none: it must not come here.
    std::optional<size_t> place_of(const ChunkType& type, size_t place) const {
        if (research)
            return place < std::size(kResearchOrder) && type == kResearchOrder[place] ? std::optional(place)
                                                                                      : std::nullopt;
        for (; place < kCriticalChunks; ++place) {
            if (type == kOrder[place]) return place;
            if (place < kRequiredChunks) break;
        }
        return std::nullopt;
    }
    // The critical chunk that must come at this place; null: the end may.
    const ChunkType* required(size_t place) const {
        if (research) return place < std::size(kResearchOrder) ? &kResearchOrder[place] : nullptr;
        return place < kRequiredChunks ? &kOrder[place] : nullptr;
    }
};

bool known_critical(const ChunkType& type) {
    return type == kFloatSynthesis ||
           std::find(std::begin(kOrder), std::end(kOrder), type) != std::end(kOrder);
}

ModelId id_of(ByteSpan decoding_part) {
    const std::array<uint8_t, 32> hash = sha256(decoding_part.data(), decoding_part.size());
    ModelId id;
    std::copy_n(hash.begin(), id.size(), id.begin());
    return id;
}

// Copies the decoding part together: what it leaves out of the file are whole chunks.
Status read_decoding_part(const ChunkReader& reader, const std::vector<Chunk>& parts,
                          const std::vector<size_t>& places, ModelChunks& chunks) {
    uint64_t size = kModelSignature.size();
    for (const Chunk& chunk : parts) size += chunk.end_offset() - chunk.offset;  // within the source
    chunks.decoding_part.resize(static_cast<size_t>(size));
    std::copy(kModelSignature.begin(), kModelSignature.end(), chunks.decoding_part.begin());
    uint8_t* to = chunks.decoding_part.data() + kModelSignature.size();
    for (size_t i = 0; i < parts.size(); ++i) {
        NAE_RETURN_IF_ERROR(reader.read_whole(parts[i], to));
        if (parts[i].type != kChunkEnd)
            chunks.critical[places[i]] =
                ByteSpan(to + kChunkHeaderBytes, static_cast<size_t>(parts[i].length));
        to += parts[i].end_offset() - parts[i].offset;
    }
    return Status();
}

Result<ModelChunks> read_chunks(const ByteSource& source, bool decoding_only, const Limits& limits) {
    if (source.size() > limits.max_model_bytes) {
        return Status(ErrorCode::limit_exceeded,
                      cat("model of ", source.size(), " bytes, the limit is ", limits.max_model_bytes));
    }
    ModelChunks chunks;
    ChunkReader reader(source, kModelSignature, limits);
    NAE_RETURN_IF_ERROR(reader.open());
    std::vector<Chunk> parts;
    std::vector<size_t> places;  // of those parts that are not the end
    size_t place = 0;            // of the next one
    for (;;) {
        NAE_ASSIGN_OR_RETURN(const Chunk chunk, reader.next());
        if (chunk.type == kChunkEnd) {
            if (const ChunkType* missing = chunks.required(place))
                return Status(ErrorCode::corrupt, cat(missing->text(), ": chunk is missing"));
            if (chunk.length != 0 || chunk.end_offset() != source.size()) {
                return Status(ErrorCode::corrupt,
                              cat("bytes after the end at offset ", chunk.payload_offset));
            }
            parts.push_back(chunk);
            break;
        }
        if (chunk.type.critical()) {
            if (parts.size() == 1 && chunk.type == kFloatSynthesis) chunks.research = true;
            const std::optional<size_t> found = chunks.place_of(chunk.type, place);
            if (!found) {
                if (!known_critical(chunk.type)) return reader.skip_unknown(chunk);  // refuses it
                return Status(ErrorCode::corrupt, cat(chunk.type.text(), ": chunk out of order"));
            }
            parts.push_back(chunk);
            places.push_back(*found);
            place = *found + 1;
            continue;
        }
        chunks.has_analysis = chunks.has_analysis || chunk.type == kAnalysis;
        if (!decoding_only) {
            if (chunk.type == kAnalysis && chunks.analysis.empty()) {
                chunks.analysis.resize(static_cast<size_t>(chunk.end_offset() - chunk.offset));
                NAE_RETURN_IF_ERROR(reader.read_whole(chunk, chunks.analysis.data()));
            } else if (chunk.type == kConditions && chunks.conditions.empty()) {
                NAE_ASSIGN_OR_RETURN(chunks.conditions, reader.read_payload(chunk));
            } else if (chunk.type == kAnalysisLap && chunks.analysis_lap.empty()) {
                NAE_ASSIGN_OR_RETURN(chunks.analysis_lap, reader.read_payload(chunk));
            } else if (chunk.type == kText && chunks.text.empty()) {
                NAE_ASSIGN_OR_RETURN(chunks.text, reader.read_payload(chunk));
            } else {
                NAE_RETURN_IF_ERROR(reader.skip_unknown(chunk));
            }
        }
    }
    NAE_RETURN_IF_ERROR(read_decoding_part(reader, parts, places, chunks));
    return chunks;
}

// research: null for a model of integer networks; else receives what MHDR says, too.
Status parse_head(ByteSpan bytes, Model& m, ResearchModel* research) {
    ByteReader reader(bytes);
    uint16_t version = 0, c = 0, cz = 0;
    uint8_t latent_stride = 0, hyper_stride = 0, frac_bits = 0, dead_zone = 0, name_length = 0;
    ByteSpan name;
    NAE_RETURN_IF_ERROR(reader.read("version", &version));
    if (version != kModelVersion) return Status(ErrorCode::unsupported, cat("version: ", version));
    NAE_RETURN_IF_ERROR(reader.read("latent channels", &c));
    NAE_RETURN_IF_ERROR(reader.read("hyper channels", &cz));
    NAE_RETURN_IF_ERROR(reader.read("latent stride", &latent_stride));
    NAE_RETURN_IF_ERROR(reader.read("hyper stride", &hyper_stride));
    const bool strides = research != nullptr ? hyper_stride == 0
                                             : latent_stride == kLatentStride && hyper_stride == kHyperStride;
    if (!strides) {
        return Status(ErrorCode::unsupported,
                      cat("strides: ", int{latent_stride}, " and ", int{hyper_stride}));
    }
    NAE_RETURN_IF_ERROR(reader.read("fraction bits", &frac_bits));
    NAE_RETURN_IF_ERROR(reader.read("mean dead zone", &dead_zone));
    NAE_RETURN_IF_ERROR(reader.read("name length", &name_length));
    NAE_RETURN_IF_ERROR(reader.read_span("name", name_length, &name));
    NAE_RETURN_IF_ERROR(reader.expect_end());
    m.name.assign(name.begin(), name.end());
    m.latent_channels = c;
    m.hyper_channels = cz;
    m.output_frac_bits = frac_bits;
    m.mean_dead_zone = dead_zone;
    if (research == nullptr) return Status();
    if (cz != 0 || frac_bits != kResearchFracBits || dead_zone != 0)
        return Status(ErrorCode::unsupported, "fields that mean nothing in a research model");
    research->name = m.name;
    research->latent_channels = c;
    research->stride = latent_stride;
    return Status();
}

Bytes serialise_head(const Model& m) {
    Bytes out;
    append_le(out, static_cast<uint16_t>(kModelVersion));
    append_le(out, static_cast<uint16_t>(m.latent_channels));
    append_le(out, static_cast<uint16_t>(m.hyper_channels));
    append_le(out, static_cast<uint8_t>(kLatentStride));
    append_le(out, static_cast<uint8_t>(kHyperStride));
    append_le(out, static_cast<uint8_t>(m.output_frac_bits));
    append_le(out, static_cast<uint8_t>(m.mean_dead_zone));
    append_le(out, static_cast<uint8_t>(m.name.size()));
    append_bytes(out, m.name.data(), m.name.size());
    return out;
}

Status parse_tables(ByteSpan bytes, Model& m) {
    size_t used = 0, used_hyper = 0;
    NAE_ASSIGN_OR_RETURN(m.latent_tables, parse_table_set(bytes.data(), bytes.size(), &used).in("latent"));
    NAE_ASSIGN_OR_RETURN(
        m.hyper_tables,
        parse_table_set(bytes.data() + used, bytes.size() - used, &used_hyper).in("hyper-latent"));
    if (used + used_hyper != bytes.size()) {
        return Status(ErrorCode::corrupt,
                      cat(bytes.size() - used - used_hyper, " unexpected bytes at the end"));
    }
    return Status();
}

Result<TableSet> parse_trellis(ByteSpan bytes) {
    size_t used = 0;
    NAE_ASSIGN_OR_RETURN(TableSet tables, parse_table_set(bytes.data(), bytes.size(), &used));
    if (used != bytes.size())
        return Status(ErrorCode::corrupt, cat(bytes.size() - used, " unexpected bytes at the end"));
    return tables;
}

Status parse_analysis(ByteSpan bytes, const Limits& limits, Model& m) {
    // Cost limits of the hyper-analysis are per latent position: validate(Model) applies them.
    Limits generous = limits;
    generous.max_macs_per_pixel = UINT64_MAX;
    ByteReader reader(bytes);
    for (FloatGraph* graph : {&m.analysis, &m.hyper_analysis}) {
        const char* what = graph == &m.analysis ? "analysis" : "hyper-analysis";
        uint32_t length = 0;
        ByteSpan part;
        NAE_RETURN_IF_ERROR(reader.read("length", &length));
        NAE_RETURN_IF_ERROR(reader.read_span(what, length, &part));
        NAE_ASSIGN_OR_RETURN(*graph, parse_float_graph(part.data(), part.size(), what, generous));
    }
    return reader.expect_end();
}

Result<Model> decode_chunks(const ModelChunks& chunks, const Limits& limits) {
    // Costs are judged together, by validate(Model).
    Limits generous = limits;
    generous.max_macs_per_pixel = UINT64_MAX;
    Model m;
    if (chunks.research)
        return Status(ErrorCode::unsupported,
                      "a research model, of which nothing is decoded by integer networks");
    NAE_RETURN_IF_ERROR(parse_head(chunks.critical[0], m, nullptr).in("MHDR"));
    const ByteSpan hyper = chunks.critical[1], synthesis = chunks.critical[2], gains = chunks.critical[3];
    NAE_ASSIGN_OR_RETURN(m.hyper_synthesis, parse_graph(hyper.data(), hyper.size(), "HSYN", generous));
    NAE_ASSIGN_OR_RETURN(m.synthesis, parse_graph(synthesis.data(), synthesis.size(), "SYNT", generous));
    NAE_ASSIGN_OR_RETURN(m.gains, parse_gains(gains.data(), gains.size(), "GAIN"));
    NAE_RETURN_IF_ERROR(parse_tables(chunks.critical[4], m).in("TABL"));
    if (const ByteSpan trellis = chunks.critical[kTrellisPlace]; trellis.data() != nullptr) {
        NAE_ASSIGN_OR_RETURN(m.latent_tables_q1, parse_trellis(trellis).in("TRLS"));
    }
    if (const ByteSpan context = chunks.critical[kContextPlace]; context.data() != nullptr) {
        NAE_ASSIGN_OR_RETURN(m.context, parse_graph(context.data(), context.size(), "CNTX", generous));
    }
    if (const ByteSpan lap = chunks.critical[kLapPlace]; lap.data() != nullptr) {
        NAE_ASSIGN_OR_RETURN(m.lap, parse_lap(lap).in("LAPP"));
    }
    if (const ByteSpan filter = chunks.critical[kRestorationPlace]; filter.data() != nullptr) {
        NAE_ASSIGN_OR_RETURN(m.restoration, parse_restoration(filter).in("FILT"));
    }
    if (const ByteSpan filter = chunks.critical[kPostFilterPlace]; filter.data() != nullptr) {
        NAE_ASSIGN_OR_RETURN(m.post_filter, parse_post_filter(filter, generous).in("NNPF"));
    }
    if (!chunks.analysis.empty())
        NAE_RETURN_IF_ERROR(parse_analysis(chunks.analysis_payload(), limits, m).in("aNLZ"));
    if (!chunks.analysis_lap.empty()) {
        NAE_ASSIGN_OR_RETURN(m.analysis_lap, parse_analysis_lap(chunks.analysis_lap).in("aLAP"));
    }
    if (!chunks.analysis.empty() && !chunks.conditions.empty()) {
        NAE_RETURN_IF_ERROR(parse_quality_affines(chunks.conditions, m.analysis, m.hyper_analysis,
                                                  m.gains.latent.anchors, &m.analysis_affines,
                                                  &m.hyper_analysis_affines)
                                .in("aCND"));
    }
    m.text.assign(chunks.text.begin(), chunks.text.end());
    NAE_RETURN_IF_ERROR(validate(m, limits));
    return m;
}

Result<Bytes> serialise(const Model& m, bool decoding_only) {
    Limits no_cost_limit;  // what may be written is decided by the format, not by a reader's cost limits
    no_cost_limit.max_macs_per_pixel = UINT64_MAX;
    NAE_RETURN_IF_ERROR(validate(m, no_cost_limit));
    MemorySink sink;
    ChunkWriter writer(sink, kModelSignature);
    NAE_RETURN_IF_ERROR(writer.write_chunk(kHead, serialise_head(m)));
    NAE_ASSIGN_OR_RETURN(const Bytes hyper, serialise_graph(m.hyper_synthesis));
    NAE_RETURN_IF_ERROR(writer.write_chunk(kHyperSynthesis, hyper));
    NAE_ASSIGN_OR_RETURN(const Bytes synthesis, serialise_graph(m.synthesis));
    NAE_RETURN_IF_ERROR(writer.write_chunk(kSynthesis, synthesis));
    NAE_RETURN_IF_ERROR(writer.write_chunk(kGains, serialise_gains(m.gains)));
    Bytes tables;
    serialise_table_set(m.latent_tables, tables);
    serialise_table_set(m.hyper_tables, tables);
    NAE_RETURN_IF_ERROR(writer.write_chunk(kTables, tables));
    if (m.has_trellis()) {
        Bytes q1;
        serialise_table_set(m.latent_tables_q1, q1);
        NAE_RETURN_IF_ERROR(writer.write_chunk(kTrellis, q1));
    }
    if (!m.context.empty()) {
        NAE_ASSIGN_OR_RETURN(const Bytes context, serialise_graph(m.context));
        NAE_RETURN_IF_ERROR(writer.write_chunk(kContext, context));
    }
    if (!m.lap.empty()) NAE_RETURN_IF_ERROR(writer.write_chunk(kLap, serialise_lap(m.lap)));
    if (!m.restoration.empty())
        NAE_RETURN_IF_ERROR(writer.write_chunk(kRestoration, serialise_restoration(m.restoration)));
    if (!m.post_filter.empty()) {
        NAE_ASSIGN_OR_RETURN(const Bytes post_filter, serialise_post_filter(m.post_filter));
        NAE_RETURN_IF_ERROR(writer.write_chunk(kPostFilter, post_filter));
    }
    if (!decoding_only && m.has_analysis()) {
        Bytes both;
        for (const FloatGraph* graph : {&m.analysis, &m.hyper_analysis}) {
            NAE_ASSIGN_OR_RETURN(const Bytes part, serialise_float_graph(*graph));
            append_le(both, static_cast<uint32_t>(part.size()));
            append_bytes(both, part.data(), part.size());
        }
        NAE_RETURN_IF_ERROR(writer.write_chunk(kAnalysis, both));
        if (!m.analysis_affines.empty() || !m.hyper_analysis_affines.empty()) {
            NAE_RETURN_IF_ERROR(writer.write_chunk(
                kConditions, serialise_quality_affines(m.analysis_affines, m.hyper_analysis_affines)));
        }
    }
    if (!decoding_only && !m.analysis_lap.empty())
        NAE_RETURN_IF_ERROR(writer.write_chunk(kAnalysisLap, serialise_analysis_lap(m.analysis_lap)));
    if (!decoding_only && !m.text.empty()) {
        NAE_RETURN_IF_ERROR(writer.write_chunk(
            kText, ByteSpan(reinterpret_cast<const uint8_t*>(m.text.data()), m.text.size())));
    }
    NAE_RETURN_IF_ERROR(writer.finish());
    return sink.take();
}

// Weights arranged, graphs moved out of the model.
Result<ReadyModelPtr> make_ready(Model model, const ModelId& id, AlignedVector8 decoding_part,
                                 const std::string& origin) {
    Limits checked;  // the whole model has been validated against the caller's
    checked.max_macs_per_pixel = UINT64_MAX;
    auto ready = std::make_shared<ReadyModel>();
    NAE_ASSIGN_OR_RETURN(ready->hyper_synthesis,
                         PackedGraph::create(std::move(model.hyper_synthesis), checked));
    NAE_ASSIGN_OR_RETURN(ready->synthesis, PackedGraph::create(std::move(model.synthesis), checked));
    if (!model.context.empty()) {
        SplitGraph parts = split_pointwise(model.context);
        NAE_ASSIGN_OR_RETURN(ready->context, PackedGraph::create(std::move(parts.before), checked));
        if (!parts.pointwise.empty()) {
            NAE_ASSIGN_OR_RETURN(ready->context_pointwise,
                                 PackedGraph::create(std::move(parts.pointwise), checked));
        }
    }
    if (!model.post_filter.empty()) {
        NAE_ASSIGN_OR_RETURN(ready->post_filter, PostFilterEngines::create(std::move(model.post_filter)));
    }
    NAE_ASSIGN_OR_RETURN(ready->latent_codec,
                         model.has_trellis()
                             ? SymbolCodec::create(model.latent_tables, model.latent_tables_q1)
                             : SymbolCodec::create(model.latent_tables));
    NAE_ASSIGN_OR_RETURN(ready->hyper_codec, SymbolCodec::create(model.hyper_tables));
    model.hyper_synthesis = Graph();
    model.synthesis = Graph();
    model.context = Graph();
    model.post_filter = PostFilter();
    if (model.has_analysis()) ready->analysis_engines = std::make_shared<AnalysisEnginesCache>();
    ready->model = std::move(model);
    ready->id = id;
    ready->decoding_bytes = std::move(decoding_part);
    ready->origin = origin;
    return ReadyModelPtr(std::move(ready));
}

Result<ReadyModelPtr> make_ready_research(ModelChunks chunks, const ModelId& id, const std::string& origin,
                                          const Limits& limits) {
    auto ready = std::make_shared<ReadyModel>();
    auto m = std::make_shared<ResearchModel>();
    NAE_RETURN_IF_ERROR(parse_head(chunks.critical[0], ready->model, m.get()).in("MHDR"));
    NAE_RETURN_IF_ERROR(parse_research_synthesis(chunks.critical[1], limits, *m).in("FSYN"));
    const ByteSpan tables = chunks.critical[2];
    size_t used = 0;
    NAE_ASSIGN_OR_RETURN(m->tables, parse_table_set(tables.data(), tables.size(), &used).in("TABL"));
    if (used != tables.size())
        return Status(ErrorCode::corrupt,
                      cat("TABL: ", tables.size() - used, " unexpected bytes at the end"));
    if (!chunks.analysis.empty())
        NAE_RETURN_IF_ERROR(parse_research_analysis(chunks.analysis_payload(), limits, *m).in("aNLZ"));
    m->text.assign(chunks.text.begin(), chunks.text.end());
    NAE_RETURN_IF_ERROR(validate(*m, limits));
    ready->research = std::move(m);
    ready->id = id;
    ready->decoding_bytes = std::move(chunks.decoding_part);
    ready->origin = origin;
    return ReadyModelPtr(std::move(ready));
}

// With `wanted`: null if the model has another ID.
Result<ReadyModelPtr> load(const ByteSource& source, bool decoding_only, const Limits& limits,
                           const ModelId* wanted) {
    NAE_ASSIGN_OR_RETURN(ModelChunks chunks, read_chunks(source, decoding_only, limits));
    const ModelId id = id_of(chunks.decoding_part);
    if (wanted != nullptr && id != *wanted) return ReadyModelPtr();
    if (chunks.research) return make_ready_research(std::move(chunks), id, source.name(), limits);
    NAE_ASSIGN_OR_RETURN(Model model, decode_chunks(chunks, limits));
    return make_ready(std::move(model), id, std::move(chunks.decoding_part), source.name());
}

Result<std::string> name_in_head(const ByteSource& source, const Limits& limits) {
    ChunkReader reader(source, kModelSignature, limits);
    NAE_RETURN_IF_ERROR(reader.open());
    NAE_ASSIGN_OR_RETURN(const Chunk first, reader.next());
    if (first.type != kHead) return Status(ErrorCode::corrupt, "MHDR: chunk is missing");
    NAE_ASSIGN_OR_RETURN(const Bytes head, reader.read_payload(first));
    Model model;
    // Which kind of model it is only the next chunk tells; the name stands at the same place in both.
    if (parse_head(head, model, nullptr).ok()) return model.name;
    ResearchModel research;
    NAE_RETURN_IF_ERROR(parse_head(head, model, &research).in("MHDR"));
    return research.name;
}

Result<Model> parse(const ByteSource& source, bool decoding_only, const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const ModelChunks chunks, read_chunks(source, decoding_only, limits));
    return decode_chunks(chunks, limits);
}

}  // namespace

Result<std::vector<uint8_t>> serialise_model(const Model& model) { return serialise(model, false); }
Result<std::vector<uint8_t>> serialise_decoding_part(const Model& model) { return serialise(model, true); }

Result<ModelId> model_id(const Model& model) {
    NAE_ASSIGN_OR_RETURN(const Bytes bytes, serialise_decoding_part(model));
    return id_of(bytes);
}

Status save_model(const Model& model, const std::string& path) {
    Result<Bytes> bytes = serialise_model(model);
    if (!bytes.ok()) return bytes.status().in(path);
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSink> sink, FileSink::create(path));
    NAE_RETURN_IF_ERROR(sink->write(bytes.value().data(), bytes.value().size()));
    return sink->commit();
}

Result<Model> parse_model(const uint8_t* data, size_t size, const std::string& origin, bool decoding_only,
                          const Limits& limits) {
    const MemorySource source(ByteSpan(data, size), origin);
    return parse(source, decoding_only, limits).in(origin);
}

Result<std::string> read_model_name(const ByteSource& source, const Limits& limits) {
    return name_in_head(source, limits).in(source.name());
}

Result<ModelSummary> read_model_summary(const ByteSource& source, const Limits& limits) {
    Result<ModelChunks> chunks = read_chunks(source, true, limits);
    if (!chunks.ok()) return chunks.status().in(source.name());
    Model head;
    ResearchModel unused;
    NAE_RETURN_IF_ERROR(
        parse_head(chunks.value().critical[0], head, chunks.value().research ? &unused : nullptr)
            .in(source.name() + ": MHDR"));
    ModelSummary summary;
    summary.name = head.name;
    summary.id = id_of(chunks.value().decoding_part);
    summary.has_analysis = chunks.value().has_analysis;
    summary.research = chunks.value().research;
    return summary;
}

Result<ReadyModelPtr> prepare_model(Model model, const std::string& origin, const Limits& limits) {
    NAE_RETURN_IF_ERROR(validate(model, limits).in(origin));
    NAE_ASSIGN_OR_RETURN(Bytes bytes, serialise_decoding_part(model));
    const ModelId id = id_of(bytes);
    return make_ready(std::move(model), id, AlignedVector8(bytes.begin(), bytes.end()), origin).in(origin);
}

Result<ReadyModelPtr> load_model(const ByteSource& source, bool decoding_only, const Limits& limits) {
    return load(source, decoding_only, limits, nullptr).in(source.name());
}

Result<ReadyModelPtr> load_model_if(const ByteSource& source, const ModelId& id, const Limits& limits) {
    return load(source, true, limits, &id).in(source.name());
}

Result<ReadyModelPtr> load_model(const uint8_t* data, size_t size, const std::string& origin,
                                 bool decoding_only, const Limits& limits) {
    return load_model(MemorySource(ByteSpan(data, size), origin), decoding_only, limits);
}

Result<ReadyModelPtr> load_model_file(const std::string& path, bool decoding_only, const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, FileSource::open(path));
    return load_model(*source, decoding_only, limits);
}

}  // namespace nae
