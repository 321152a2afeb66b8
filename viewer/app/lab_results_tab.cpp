// Tables of runs and of ./dev bench studies: a click on a column sorts.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "viewer/app/lab_window.h"
#include "viewer/app/viewer.h"

namespace nae {
namespace {

void draw_cell(const CsvTable& table, size_t row, int column) {
    const std::string& text = table.rows[row][static_cast<size_t>(column)];
    const auto number = table.number(row, column);
    if (!number || text.find('.') == std::string::npos) {
        ImGui::TextUnformatted(text.c_str());
        return;
    }
    // Enough digits to tell rows apart; the file has them all.
    ImGui::Text("%.*f", std::abs(*number) < 1 ? 4 : std::abs(*number) < 100 ? 2 : 0, *number);
}

void draw_folder(LabWindow& lab) {
    std::string folder = lab.laboratory.folder();
    if (edit_text("folder with runs and tables", folder)) lab.laboratory.set_folder(folder);
    ImGui::SameLine();
    if (ImGui::Button("Read again")) {
        lab.laboratory.refresh();
        lab.sorted_by = -1;
    }
}

}  // namespace

void draw_lab_results(Viewer& viewer) {
    LabWindow& lab = viewer.lab;
    ImGui::PushItemWidth(viewer.px(420));
    draw_folder(lab);
    const std::vector<std::string> names = lab.laboratory.tables();
    if (std::find(names.begin(), names.end(), lab.table) == names.end())
        lab.table = names.empty() ? "" : names.back();
    if (ImGui::BeginCombo("table", lab.table.c_str())) {
        for (const std::string& name : names)
            if (ImGui::Selectable(name.c_str(), name == lab.table)) {
                lab.table = name;
                lab.sorted_by = -1;
            }
        ImGui::EndCombo();
    }
    ImGui::PopItemWidth();
    ImGui::SameLine();
    const CsvTable& table = lab.laboratory.table(lab.table);
    if (ImGui::Button("Save as CSV…"))
        viewer.dialog.save("Save table", "table.csv", [text = to_csv(table)](const std::string& path) {
            return write_file(path, text);
        });
    const int columns = static_cast<int>(table.columns.size());
    if (columns == 0 || columns > 64) return;
    constexpr ImGuiTableFlags kFlags =
        ImGuiTableFlags_Sortable | ImGuiTableFlags_RowBg | ImGuiTableFlags_Borders | ImGuiTableFlags_ScrollX |
        ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_Resizable;
    // Another table, other columns: ImGui remembers by the id.
    ImGui::PushID(lab.table.c_str());
    if (ImGui::BeginTable("table", columns, kFlags)) {
        ImGui::TableSetupScrollFreeze(1, 1);
        for (const std::string& column : table.columns) ImGui::TableSetupColumn(column.c_str());
        ImGui::TableHeadersRow();
        ImGuiTableSortSpecs* specs = ImGui::TableGetSortSpecs();
        if (specs != nullptr && specs->SpecsDirty && specs->SpecsCount > 0) {
            // The order of the file comes first; a click changes it.
            const bool descending = specs->Specs[0].SortDirection == ImGuiSortDirection_Descending;
            if (lab.sorted_by >= 0 || specs->Specs[0].ColumnIndex != 0 || descending)
                lab.laboratory.sortable(lab.table).sort(specs->Specs[0].ColumnIndex, descending);
            lab.sorted_by = specs->Specs[0].ColumnIndex;
            specs->SpecsDirty = false;
        }
        for (size_t row = 0; row < table.rows.size(); ++row) {
            ImGui::TableNextRow();
            for (int column = 0; column < columns; ++column) {
                ImGui::TableNextColumn();
                draw_cell(table, row, column);
            }
        }
        ImGui::EndTable();
    }
    ImGui::PopID();
}

}  // namespace nae
