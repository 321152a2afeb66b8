// Files as NumPy and PyTorch write them, for what reads those: zip archives, and the pickle of a state dict.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nae::test {

using Bytes = std::string;

inline Bytes little(uint64_t v, int n) {
    Bytes out;
    for (int i = 0; i < n; ++i) out += char(v >> (8 * i));
    return out;
}
inline Bytes floats(const std::vector<float>& v) {
    return {reinterpret_cast<const char*>(v.data()), v.size() * 4};
}

inline Bytes raw_deflated(const Bytes& in) {
    z_stream z{};
    deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    Bytes out(in.size() + 100, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = uInt(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = uInt(out.size());
    deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

// A zip archive of these members, every other one deflated.
inline Bytes zip_of(const std::vector<std::pair<std::string, Bytes>>& members) {
    Bytes out, directory;
    bool packed = false;
    for (const auto& [name, data] : members) {
        const Bytes body = packed ? raw_deflated(data) : data;
        const Bytes common =
            little(packed ? 8 : 0, 2) + little(0, 4) +
            little(crc32(0, reinterpret_cast<const Bytef*>(data.data()), uInt(data.size())), 4) +
            little(body.size(), 4) + little(data.size(), 4) + little(name.size(), 2) + little(0, 2);
        directory += Bytes("PK\1\2") + little(20, 2) + little(20, 2) + little(0, 2) + common + little(0, 2) +
                     little(0, 4) + little(0, 4) + little(out.size(), 4) + name;
        out += Bytes("PK\3\4") + little(20, 2) + little(0, 2) + common + name + body;
        packed = !packed;
    }
    return out + directory + "PK\5\6" + little(0, 4) + little(members.size(), 2) + little(members.size(), 2) +
           little(directory.size(), 4) + little(out.size(), 4) + little(0, 2);
}

// What PyTorch pickles for {name: tensor}, protocol 2. Numbers up to 255 only.
inline Bytes pickled_text(const std::string& s) { return "X" + little(s.size(), 4) + s; }
inline Bytes pickled_integer(int64_t v) { return "K" + little(uint64_t(v), 1); }
// stride: in elements; none: row by row.
inline Bytes tensor_pickle(const std::string& storage, const std::vector<int64_t>& shape,
                           std::vector<int64_t> stride = {}) {
    if (stride.empty()) {
        stride.assign(shape.size(), 1);
        for (size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * shape[i];
    }
    Bytes sides = "(", steps = "(";
    for (const int64_t v : shape) sides += pickled_integer(v);
    for (const int64_t v : stride) steps += pickled_integer(v);
    return "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled_text("storage") + "ctorch\nFloatStorage\n" +
           pickled_text(storage) + pickled_text("cpu") + pickled_integer(9) + "tQ" + pickled_integer(0) +
           sides + "t" + steps +
           "t\x89"
           "ccollections\nOrderedDict\n)RtR";
}
inline Bytes state_dict(const Bytes& items) {
    return Bytes("\x80\x02", 2) + "ccollections\nOrderedDict\n)R(" + items + "u.";
}

}  // namespace nae::test
