// Circuits as arrays of numbers: a code and three qubits per gate.
//
// What a code means is a row of a table: kind of primitive, number of qubits, number of controls
// (listed first), number of angles (0 or 1), offset of constant data, and which of the qubits a
// Pauli string flips (bits of x) and signs (bits of z).
#pragma once

#include <vector>

#include "program.hpp"

namespace ketwork {

constexpr int64_t flat_columns = 7, flat_qubits = 3;

struct FlatGates {
    const int64_t* table;
    int64_t n_codes;
    const int64_t* codes;
    const int64_t* qubits;  // (count, flat_qubits); those beyond a gate's last are not looked at
    int64_t count;

    const int64_t* row(int64_t gate) const { return table + flat_columns * codes[gate]; }
    const int64_t* places(int64_t gate) const { return qubits + flat_qubits * gate; }
};

// The number of angles, or -1 if a code or a qubit does not exist or a gate uses a qubit twice.
inline int64_t count_angles(const FlatGates& gates, int32_t n_qubits) {
    int64_t angles = 0;
    for (int64_t k = 0; k < gates.count; ++k) {
        if (gates.codes[k] < 0 || gates.codes[k] >= gates.n_codes) return -1;
        const int64_t* const q = gates.places(k);
        uint64_t used = 0;
        for (int64_t j = 0; j < gates.row(k)[1]; ++j) {
            if (q[j] < 0 || q[j] >= n_qubits || (used >> q[j] & 1)) return -1;
            used |= uint64_t{1} << q[j];
        }
        angles += gates.row(k)[3];
    }
    return angles;
}

inline std::vector<Primitive> primitives_of(const FlatGates& gates) {
    std::vector<Primitive> out;
    out.reserve(static_cast<size_t>(gates.count));
    int64_t slot = 0;
    for (int64_t k = 0; k < gates.count; ++k) {
        const int64_t* const row = gates.row(k);
        const int64_t* const q = gates.places(k);
        const int64_t n = row[1], n_controls = row[2];
        Primitive g{static_cast<Kind>(row[0]), 0, 0, 0, row[3] ? slot++ : -1, row[4]};
        const auto mask = [&](int64_t first, int64_t last, int64_t chosen) {
            int64_t bits = 0;
            for (int64_t j = first; j < last; ++j)
                if (chosen >> j & 1) bits |= int64_t{1} << q[j];
            return bits;
        };
        g.controls = mask(0, g.kind == Kind::sign ? n : n_controls, -1);
        if (g.kind == Kind::pauli) {
            g.first = mask(0, n, row[5]);
            g.second = mask(0, n, row[6]);
        } else if (g.kind != Kind::sign) {
            g.first = q[n_controls];
            if (g.kind == Kind::swap) g.second = q[n_controls + 1];
        }
        out.push_back(g);
    }
    return out;
}

// Angle k of the gates is weight k.
inline AngleTable angles_as_weights(int64_t count) {
    AngleTable table;
    table.constants.assign(static_cast<size_t>(count), 0.0);
    table.coefficients.assign(static_cast<size_t>(count), 1.0);
    for (int64_t k = 0; k <= count; ++k) table.first_term.push_back(static_cast<int32_t>(k));
    for (int64_t k = 1; k <= count; ++k) table.factors.push_back(static_cast<int32_t>(k));
    return table;
}

}  // namespace ketwork
