// nae-train lab …
#pragma once

namespace CLI {
class App;
}

namespace nae::training {

// Adds the subcommand. It ends the process when it is called.
void add_lab_command(CLI::App& app);

}  // namespace nae::training
