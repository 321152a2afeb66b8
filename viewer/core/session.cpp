#include "viewer/core/session.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace nae {
namespace {

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

std::string unescaped(const std::string& value) {
    std::string out;
    for (size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) {
            ++i;
            out += value[i] == 'n' ? '\n' : value[i];
        } else {
            out += value[i];
        }
    }
    return out;
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

void Settings::set(const std::string& name, double value) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.10g", value);
    values_[name] = text;
}

std::string Settings::text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
}

double Settings::number(const std::string& name, double otherwise) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    char* end = nullptr;
    const double value = std::strtod(found->second.c_str(), &end);
    return end != found->second.c_str() && *end == '\0' ? value : otherwise;
}

std::string Settings::write() const {
    std::string words;
    for (const auto& [name, value] : values_) words += name + " = " + escaped(value) + "\n";
    return words;
}

Settings Settings::parse(const std::string& words) {
    Settings settings;
    std::istringstream lines(words);
    for (std::string line; std::getline(lines, line);) {
        const size_t at = line.find(" = ");
        if (at != std::string::npos && at > 0)
            settings.values_[line.substr(0, at)] = unescaped(line.substr(at + 3));
    }
    return settings;
}

std::string state_folder() {
    const std::string state = environment("XDG_STATE_HOME");
    if (!state.empty()) return state + "/nae";
    const std::string home = environment("HOME");
    return home.empty() ? "" : home + "/.local/state/nae";
}

Settings load_settings(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string words{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return Settings::parse(words);
}

Status write_file(const std::string& path, const std::string& bytes) {
    const std::string partial = path + ".part";
    std::FILE* file = std::fopen(partial.c_str(), "wb");
    bool written = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    if (file != nullptr && std::fclose(file) != 0) written = false;
    std::error_code error;
    if (written) {
        std::filesystem::rename(partial, path, error);
        written = !error;
    }
    if (written) return Status();
    std::filesystem::remove(partial, error);
    return Status(ErrorCode::io, path + ": cannot be written");
}

Status save_settings(const std::string& path, const Settings& settings) {
    std::error_code ignored;  // write_file() says what matters
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    return write_file(path, settings.write());
}

void RecentFiles::add(const std::string& path) {
    paths_.erase(std::remove(paths_.begin(), paths_.end(), path), paths_.end());
    paths_.insert(paths_.begin(), path);
    if (paths_.size() > kMost) paths_.resize(kMost);
}

void RecentFiles::read_from(const Settings& settings) {
    paths_.clear();
    for (size_t i = 0; i < kMost; ++i) {
        const std::string path = settings.text("recent." + std::to_string(i));
        if (!path.empty()) paths_.push_back(path);
    }
}

void RecentFiles::write_to(Settings& settings) const {
    for (size_t i = 0; i < paths_.size(); ++i) settings.set("recent." + std::to_string(i), paths_[i]);
}

}  // namespace nae
