// Finds models by ID or name.
//
// Search order: directories given to the store; those of the environment variable NAE_MODEL_PATH (separated
// by ':'); models, and share/nae/models up to four levels up, beside the library, plugin or program that
// contains this code; the installation's share/nae/models; the source tree's models (for uninstalled builds).
// Every *.nam file of a directory is considered; its content decides, not its file name.
#ifndef NAE_CODEC_MODEL_STORE_H_
#define NAE_CODEC_MODEL_STORE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codec/model.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

// Thread-safe. Models from files stay in memory as long as the store lives, embedded ones as long as somebody uses
// them: pictures from strangers must not fill the memory of a process that runs for months.
class ModelStore {
  public:
    // `directories` are searched before the standard ones.
    explicit ModelStore(std::vector<std::string> directories = {}, const Limits& limits = Limits());

    // A store shared by the process, with the standard directories.
    static ModelStore& shared();

    // The model with this ID, without its encoding part. `name` only says where to look first, and is used in
    // messages. Errors: model_not_found (ID, name, and where it looked), and a found file's own errors.
    Result<ReadyModelPtr> by_id(const ModelId& id, const std::string& name);

    // The model with this name ("photo"), or a path to a .nam file when it contains '/' or ends in ".nam".
    // Encoders use this. When several files of one name exist, the first directory wins, within it the last
    // file name.
    Result<ReadyModelPtr> by_name(const std::string& name);

    // A model embedded in a picture (chunk MODL). Errors: model_mismatch when its ID is not `id`, and those of
    // parse_model(), under the picture's limits rather than the store's.
    Result<ReadyModelPtr> embedded(const uint8_t* data, size_t size, const ModelId& id,
                                   const std::string& origin, const Limits& limits);

    struct Entry {
        std::string path;
        ModelSummary summary;
        Status status;  // why the file is not usable, if so
    };
    // All model files of the search path.
    std::vector<Entry> list();

    // Directories searched now, in order (the environment is read at each call).
    std::vector<std::string> search_path() const;

  private:
    // Regular *.nam files of the search path, in search order.
    std::vector<std::string> files() const;
    // A complete model, from memory if it has been loaded before. mutex_ must be held.
    Result<ReadyModelPtr> load(const std::string& path);

    const std::vector<std::string> directories_;
    const Limits limits_;
    std::mutex mutex_;
    std::map<std::string, ReadyModelPtr> by_path_;  // complete models
    std::map<ModelId, ReadyModelPtr> by_id_;
    std::map<ModelId, std::weak_ptr<const ReadyModel>> embedded_;
};

}  // namespace nae

#endif  // NAE_CODEC_MODEL_STORE_H_
