// Everything the viewer can be told to do: the one table behind menus, shortcuts, tooltips, command palette,
// help window and the command line's --do.
#ifndef NAE_VIEWER_CORE_ACTIONS_H_
#define NAE_VIEWER_CORE_ACTIONS_H_

#include <string>
#include <vector>

namespace nae {

// A key with modifiers.
struct Shortcut {
    int key = 0;  // 0: none
    bool control = false;
    bool shift = false;
};

// Printable keys are ASCII: 'A', '1', '[', …; the others have the numbers that GLFW gives them.
enum Key : int {
    kKeyNone = 0,
    kKeySpace = 32,
    kKeyEscape = 256,
    kKeyEnter = 257,
    kKeyTab = 258,
    kKeyRight = 262,
    kKeyLeft = 263,
    kKeyDown = 264,
    kKeyUp = 265,
    kKeyF1 = 290,
    kKeyF11 = 300,
};

struct Action {
    const char* id;     // "view.fit": for --do, the session and tests; never changes
    const char* menu;   // "View": the menu it stands in
    const char* title;  // "Fit to window"
    const char* help;   // one sentence: tooltip and help window
    Shortcut shortcut;
};

// In the order of the menus; ids, and shortcuts where there are any, are unique.
const std::vector<Action>& action_table();

// Null when there is none.
const Action* find_action(const std::string& id);

// "Ctrl+Shift+P"; "" for none.
std::string shortcut_text(const Shortcut& shortcut);

// The actions whose title, menu or id holds all letters of the query in order, best first: starts of words
// and unbroken runs count most. All of them, in the table's order, for an empty query.
std::vector<const Action*> search_actions(const std::string& query);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_ACTIONS_H_
