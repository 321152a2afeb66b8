// What the viewer remembers from one run to the next: the session and the recent files.
#ifndef NAE_VIEWER_CORE_SESSION_H_
#define NAE_VIEWER_CORE_SESSION_H_

#include <map>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae {

// Names and values, one pair a line ("name = value") in the order of the names; what is not understood is left
// alone when read and kept when written again. Values may hold anything: line ends and backslashes are escaped.
class Settings {
  public:
    void set(const std::string& name, const std::string& value) { values_[name] = value; }
    void set(const std::string& name, double value);
    // `otherwise` when there is none or, for numbers, none that parses.
    std::string text(const std::string& name, const std::string& otherwise = "") const;
    double number(const std::string& name, double otherwise) const;
    bool has(const std::string& name) const { return values_.count(name) != 0; }

    std::string write() const;
    // Lines that are no pairs are skipped.
    static Settings parse(const std::string& words);

  private:
    std::map<std::string, std::string> values_;
};

// $XDG_STATE_HOME/nae, else ~/.local/state/nae; "" when neither variable is set.
std::string state_folder();

// Reads a file that may not be there: then empty.
Settings load_settings(const std::string& path);
// Makes folders as needed; the file appears complete or not at all. Errors: io.
Status save_settings(const std::string& path, const Settings& settings);

// Most recent first, none twice, at most ten.
class RecentFiles {
  public:
    static constexpr size_t kMost = 10;
    void add(const std::string& path);
    const std::vector<std::string>& paths() const { return paths_; }
    void read_from(const Settings& settings);
    void write_to(Settings& settings) const;

  private:
    std::vector<std::string> paths_;
};

// Writes bytes to a file, complete or not at all. Errors: io.
Status write_file(const std::string& path, const std::string& bytes);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_SESSION_H_
