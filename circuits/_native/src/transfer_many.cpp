#include "transfer_many.hpp"

namespace ketwork {

std::vector<FlatCircuit> find_circuits(const int64_t* rows, size_t count) {
    std::vector<FlatCircuit> found;
    size_t begin = 0;
    int64_t first_angle = 0, angle = 0;
    for (size_t r = 0; r < count; ++r) {
        const auto kind = static_cast<RowKind>(rows[5 * r]);
        if (kind == RowKind::next_op) angle += rows[5 * r + 3];
        if (kind != RowKind::next_circuit) continue;
        found.push_back({begin, r, first_angle});
        begin = r + 1;
        first_angle = angle;
    }
    return found;
}

void build_flat(TransferProgram& program, const FlatCircuit& circuit, const int64_t* rows,
                const double* angles, int widest) {
    AngleTable& table = program.angles.shared;
    const double* own = angles + circuit.first_angle;
    TransferBuilder builder(program, widest);
    for (size_t r = circuit.begin; r < circuit.end; ++r) {
        const int64_t* row = rows + 5 * r;
        const auto kind = static_cast<RowKind>(row[0]);
        if (kind == RowKind::next_op) {
            own += row[3];
            continue;
        }
        int64_t slot = row[3];
        if (has_angle(kind)) {
            const double angle = row[3] < 0 ? 1.0 : own[row[3]];
            slot = static_cast<int64_t>(table.constants.size());
            table.constants.push_back(angle * program.data[row[4]]);
        }
        builder.add({kind, row[1], row[2], slot, row[4]});
    }
    builder.finish();
    table.first_term.assign(table.constants.size() + 1, 0);
}

}  // namespace ketwork
