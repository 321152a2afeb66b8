#include "codec/model_store.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <utility>

#include "format/byte_source.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr int kLevelsUp = 4;  // lib/x86_64-linux-gnu/gdalplugins/.. to the prefix, and one to spare

bool ends_with(const std::string& s, const std::string& end) {
    return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0;
}

bool is_regular_file(const std::string& path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// Directory of the library or program this code was linked into, without trailing slash.
std::string own_directory() {
    Dl_info info;
    // Any object of this file will do.
    static const char kHere = 0;
    if (dladdr(&kHere, &info) == 0 || info.dli_fname == nullptr) return {};
    std::unique_ptr<char, void (*)(void*)> resolved(realpath(info.dli_fname, nullptr), std::free);
    const std::string path = resolved ? resolved.get() : info.dli_fname;
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

void split(const std::string& list, std::vector<std::string>& out) {
    for (size_t begin = 0; begin <= list.size();) {
        const size_t end = std::min(list.find(':', begin), list.size());
        if (end > begin) out.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
}

// *.nam of a directory in the order of their names; last first, so that photo-2.nam precedes photo-1.nam.
std::vector<std::string> files_of(const std::string& directory) {
    std::vector<std::string> files;
    DIR* dir = opendir(directory.c_str());
    if (dir == nullptr) return files;
    while (const dirent* entry = readdir(dir)) {
        const std::string name = entry->d_name;
        if (ends_with(name, ".nam") && is_regular_file(directory + "/" + name))
            files.push_back(directory + "/" + name);
    }
    closedir(dir);
    std::sort(files.rbegin(), files.rend());
    return files;
}

Result<ModelSummary> summary_of(const std::string& path, const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, FileSource::open(path));
    return read_model_summary(*source, limits);
}

Result<std::string> name_of(const std::string& path, const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, FileSource::open(path));
    return read_model_name(*source, limits);
}

Result<ReadyModelPtr> load_if(const std::string& path, const ModelId& id, const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, FileSource::open(path));
    return load_model_if(*source, id, limits);
}

std::string where(const std::vector<std::string>& directories, const std::vector<std::string>& problems) {
    std::string text = "looked in ";
    for (size_t i = 0; i < directories.size(); ++i) text += (i > 0 ? ", " : "") + directories[i];
    for (const std::string& p : problems) text += "; " + p;
    return text + "; NAE_MODEL_PATH adds directories";
}

}  // namespace

ModelStore::ModelStore(std::vector<std::string> directories, const Limits& limits)
    : directories_(std::move(directories)), limits_(limits) {}

ModelStore& ModelStore::shared() {
    // Never destroyed: plugins may ask while the process is ending.
    static ModelStore* const store = new ModelStore();
    return *store;
}

std::vector<std::string> ModelStore::search_path() const {
    std::vector<std::string> path = directories_;
    if (const char* list = std::getenv("NAE_MODEL_PATH")) split(list, path);
    std::string up = own_directory();
    if (!up.empty()) path.push_back(up + "/models");
    for (int i = 0; i < kLevelsUp && !up.empty(); ++i) {
        path.push_back(up + "/share/nae/models");
        const size_t slash = up.rfind('/');
        up = slash == std::string::npos ? std::string() : up.substr(0, slash);
    }
#ifdef NAE_INSTALL_MODEL_DIR
    path.emplace_back(NAE_INSTALL_MODEL_DIR);
#endif
#ifdef NAE_SOURCE_MODEL_DIR
    path.emplace_back(NAE_SOURCE_MODEL_DIR);
#endif
    std::vector<std::string> unique;
    for (std::string& p : path) {
        if (std::find(unique.begin(), unique.end(), p) == unique.end()) unique.push_back(std::move(p));
    }
    return unique;
}

std::vector<std::string> ModelStore::files() const {
    std::vector<std::string> all;
    for (const std::string& directory : search_path()) {
        for (std::string& file : files_of(directory)) all.push_back(std::move(file));
    }
    return all;
}

Result<ReadyModelPtr> ModelStore::by_id(const ModelId& id, const std::string& name) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto known = by_id_.find(id);
    if (known != by_id_.end()) return known->second;
    std::vector<std::string> candidates = files();
    // Hashing a model takes milliseconds: start with files that look right.
    std::stable_partition(candidates.begin(), candidates.end(), [&](const std::string& path) {
        return !name.empty() && path.find("/" + name, path.rfind('/')) != std::string::npos;
    });
    std::vector<std::string> problems;
    for (const std::string& path : candidates) {
        Result<ReadyModelPtr> model = load_if(path, id, limits_);
        if (!model.ok()) {
            problems.push_back(model.status().message());
            continue;
        }
        if (model.value() == nullptr) continue;
        by_id_[id] = model.value();
        return model;
    }
    return Status(ErrorCode::model_not_found,
                  cat("model ", name.empty() ? "without name" : name, " (ID ", model_id_string(id),
                      "): ", where(search_path(), problems)));
}

Result<ReadyModelPtr> ModelStore::load(const std::string& path) {
    const auto known = by_path_.find(path);
    if (known != by_path_.end()) return known->second;
    NAE_ASSIGN_OR_RETURN(ReadyModelPtr model, load_model_file(path, false, limits_));
    by_path_[path] = model;
    by_id_.emplace(model->id, model);
    return model;
}

Result<ReadyModelPtr> ModelStore::by_name(const std::string& name) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (name.find('/') != std::string::npos || ends_with(name, ".nam")) return load(name);
    std::vector<std::string> problems;
    for (const std::string& path : files()) {
        const Result<std::string> found = name_of(path, limits_);
        if (!found.ok()) {
            problems.push_back(found.status().message());
        } else if (found.value() == name) {
            return load(path);
        }
    }
    return Status(ErrorCode::model_not_found, cat("model ", name, ": ", where(search_path(), problems)));
}

Result<ReadyModelPtr> ModelStore::embedded(const uint8_t* data, size_t size, const ModelId& id,
                                           const std::string& origin, const Limits& limits) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto known = by_id_.find(id);
    if (known != by_id_.end()) return known->second;
    if (ReadyModelPtr used = embedded_[id].lock()) return used;
    for (auto it = embedded_.begin(); it != embedded_.end();)
        it = it->second.expired() ? embedded_.erase(it) : std::next(it);
    NAE_ASSIGN_OR_RETURN(ReadyModelPtr model,
                         load_model(data, size, origin + ": embedded model", true, limits));
    if (model->research != nullptr)
        return Status(ErrorCode::unsupported, origin + ": a research model inside a picture is not used");
    if (model->id != id) {
        return Status(ErrorCode::model_mismatch,
                      cat(origin, ": embedded model has ID ", model_id_string(model->id),
                          ", the header names ", model_id_string(id)));
    }
    embedded_[id] = model;
    return model;
}

std::vector<ModelStore::Entry> ModelStore::list() {
    std::vector<Entry> entries;
    for (const std::string& path : files()) {
        Entry entry;
        entry.path = path;
        Result<ModelSummary> summary = summary_of(path, limits_);
        if (summary.ok()) {
            entry.summary = std::move(summary).value();
        } else {
            entry.status = summary.status();
        }
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace nae
