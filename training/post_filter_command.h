// nae-train post-filter and nae-train post-filter-export
#pragma once

namespace CLI {
class App;
}

namespace nae::training {

// Adds the subcommands. They end the process when they are called.
void add_post_filter_commands(CLI::App& app);

}  // namespace nae::training
