#include "training/restoration_file.h"

#include <fstream>
#include <iterator>
#include <vector>

#include "format/span.h"

namespace nae::training {

std::string write_restoration(const std::string& path, const RestorationFilter& filter,
                              int output_frac_bits) {
    const std::vector<uint8_t> payload = serialise_restoration(filter);
    std::ofstream out(path, std::ios::binary);
    out.put(char(output_frac_bits));
    out.write(reinterpret_cast<const char*>(payload.data()), std::streamsize(payload.size()));
    out.close();
    return out ? std::string() : path + ": write failed";
}

std::string read_restoration(const std::string& path, std::shared_ptr<const RestorationFilter>& filter,
                             int& output_frac_bits) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return path + ": cannot be read";
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes.empty()) return path + ": is empty";
    output_frac_bits = uint8_t(bytes[0]);
    const auto parsed =
        parse_restoration(ByteSpan(reinterpret_cast<const uint8_t*>(bytes.data()) + 1, bytes.size() - 1));
    if (!parsed.ok()) return path + ": " + parsed.status().message();
    if (const Status s = validate(parsed.value(), output_frac_bits); !s.ok())
        return path + ": " + s.message();
    filter = std::make_shared<const RestorationFilter>(parsed.value());
    return {};
}

}  // namespace nae::training
