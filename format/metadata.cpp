#include "format/metadata.h"

#include <set>
#include <utility>

#include "format/deflate.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

namespace {

void append_string(std::vector<uint8_t>& out, const std::string& text) {
    append_le(out, static_cast<uint32_t>(text.size()));
    append_bytes(out, text.data(), text.size());
}

Status read_string(ByteReader& in, const char* field, std::string* out) {
    uint32_t length = 0;
    ByteSpan bytes;
    NAE_RETURN_IF_ERROR(in.read(field, &length));
    NAE_RETURN_IF_ERROR(in.read_span(field, length, &bytes));
    out->assign(bytes.begin(), bytes.end());
    return {};
}

constexpr size_t kSmallestItem = 12;  // three empty strings

}  // namespace

const std::string* Metadata::find(const std::string& domain, const std::string& key) const {
    for (const MetadataItem& item : items_) {
        if (item.domain == domain && item.key == key) return &item.value;
    }
    return nullptr;
}

void Metadata::set(const std::string& domain, const std::string& key, std::string value) {
    for (MetadataItem& item : items_) {
        if (item.domain == domain && item.key == key) {
            item.value = std::move(value);
            return;
        }
    }
    items_.push_back({domain, key, std::move(value)});
}

Result<std::vector<uint8_t>> serialise_metadata(const Metadata& metadata) {
    uint64_t size = 4;
    for (const MetadataItem& item : metadata.items()) {
        size += kSmallestItem + item.domain.size() + item.key.size() + item.value.size();
    }
    if (metadata.items().size() > Limits().max_metadata_items)
        return Status(ErrorCode::limit_exceeded, cat("metadata of ", metadata.items().size(), " items"));
    if (size > 0xFFFFFFFFu) return Status(ErrorCode::limit_exceeded, cat("metadata of ", size, " bytes"));

    std::vector<uint8_t> list;
    list.reserve(static_cast<size_t>(size));
    append_le(list, static_cast<uint32_t>(metadata.items().size()));
    for (const MetadataItem& item : metadata.items()) {
        append_string(list, item.domain);
        append_string(list, item.key);
        append_string(list, item.value);
    }
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> deflated, deflate_raw(list));
    std::vector<uint8_t> payload;
    append_le(payload, static_cast<uint32_t>(list.size()));
    append_bytes(payload, deflated.data(), deflated.size());
    return payload;
}

Result<Metadata> parse_metadata(ByteSpan payload, const Limits& limits) {
    ByteReader outer(payload);
    uint32_t size = 0;
    NAE_RETURN_IF_ERROR(outer.read("size", &size));
    if (size > limits.max_metadata_bytes) {
        return Status(ErrorCode::limit_exceeded,
                      cat("metadata of ", size, " bytes, the limit is ", limits.max_metadata_bytes));
    }
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> list,
                         inflate_raw(payload.subspan(outer.position()), size));

    ByteReader in(list);
    uint32_t count = 0;
    NAE_RETURN_IF_ERROR(in.read("count", &count));
    if (count > in.remaining() / kSmallestItem) {
        return Status(ErrorCode::corrupt,
                      cat("count is ", count, ", but only ", in.remaining(), " bytes follow"));
    }
    if (count > limits.max_metadata_items) {
        return Status(ErrorCode::limit_exceeded,
                      cat(count, " items, the limit is ", limits.max_metadata_items));
    }
    Metadata metadata;
    metadata.items_.reserve(count);
    std::set<std::pair<std::string, std::string>> seen;
    for (uint32_t i = 0; i < count; ++i) {
        const std::string where = cat("item ", i);
        MetadataItem item;
        NAE_RETURN_IF_ERROR(read_string(in, "domain", &item.domain).in(where));
        NAE_RETURN_IF_ERROR(read_string(in, "key", &item.key).in(where));
        NAE_RETURN_IF_ERROR(read_string(in, "value", &item.value).in(where));
        if (!seen.emplace(item.domain, item.key).second) {
            return Status(ErrorCode::corrupt,
                          cat(where, ": a second '", printable(item.key.data(), item.key.size()), "'"));
        }
        metadata.items_.push_back(std::move(item));
    }
    NAE_RETURN_IF_ERROR(in.expect_end());
    return metadata;
}

}  // namespace nae
