#include "transfer_program.hpp"

#include <algorithm>
#include <cstring>

namespace ketwork {
namespace {

int64_t power4(int k) { return int64_t{1} << 2 * k; }

// Offset in the vector of each index over some qubits, the first the least significant digit.
void push_offsets(std::vector<int32_t>& out, const int8_t* targets, int k) {
    for (int64_t j = 0; j < power4(k); ++j) {
        int64_t offset = 0;
        for (int t = 0; t < k; ++t) offset |= (j >> 2 * t & 3) << 2 * targets[t];
        out.push_back(static_cast<int32_t>(offset));
    }
}

// The affine map `second` after `first`.
void compose(const double* second, const double* first, double* out) {
    for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 4; ++c) {
            double sum = c == 0 ? second[4 * r] : 0;
            for (int k = 0; k < 3; ++k) sum += second[4 * r + 1 + k] * first[4 * k + c];
            out[4 * r + c] = sum;
        }
    }
}

bool is_diagonal(const double* m) {
    return m[0] == 0 && m[4] == 0 && m[8] == 0 && m[2] == 0 && m[3] == 0 && m[5] == 0 &&
           m[7] == 0 && m[9] == 0 && m[10] == 0;
}

AngleView view_of(const AngleTable& table) {
    return {static_cast<int64_t>(table.constants.size()),
            table.constants.data(),
            table.first_term.data(),
            table.coefficients.data(),
            table.factors.data(),
            table.degree};
}

}  // namespace

TransferView view_of(const TransferProgram& p) {
    TransferView view{};
    view.n_qubits = p.n_qubits;
    view.n_chains = p.n_chains;
    view.n_given = p.n_given;
    view.n_entries = static_cast<int64_t>(p.entries.size());
    view.n_steps = static_cast<int64_t>(p.steps.size());
    view.steps = p.steps.data();
    view.factors = p.factors.data();
    view.data = p.data.data();
    view.tables = p.tables.data();
    view.entries = p.entries.data();
    view.angles.n_inputs = p.angles.n_inputs;
    view.angles.n_weights = p.angles.n_weights;
    view.angles.shared = view_of(p.angles.shared);
    view.angles.varying = view_of(p.angles.varying);
    return view;
}

TransferBuilder::TransferBuilder(TransferProgram& program, int widest)
    : p_(program), widest_(widest), chains_(program.n_qubits) {}

void TransferBuilder::add(const TransferRow& row) {
    int8_t targets[most_targets];
    const int k = static_cast<int>(row.n_qubits);
    for (int t = 0; t < k; ++t) targets[t] = static_cast<int8_t>(row.qubits >> 5 * t & 31);
    switch (row.kind) {
        case RowKind::rx:
        case RowKind::ry:
        case RowKind::rz:
            add_factor(targets[0], {static_cast<FactorKind>(row.kind), int32_t(row.slot)});
            return;
        case RowKind::affine:
            add_affine(targets[0], row.data);
            return;
        case RowKind::affine_given:
            flush_scale(chains_[targets[0]]);
            add_factor(targets[0], {FactorKind::given, int32_t(row.slot)});
            return;
        case RowKind::permute: {
            for (int t = 0; t < k; ++t) close_chain(targets[t]);
            add_permutation(targets, k, row.data);
            return;
        }
        case RowKind::rotate:
            emit_rotation(row);
            return;
        default: {
            TransferStep step{};
            step.given = row.kind != RowKind::dense;
            step.learns = step.given;
            step.pass = row.kind == RowKind::diagonal_given ? TransferPass::diagonal
                                                            : TransferPass::dense;
            emit_local(step, row);
        }
    }
}

void TransferBuilder::finish() {
    for (int q = 0; q < p_.n_qubits; ++q) close_chain(q);
    close_permutation();
}

void TransferBuilder::add_factor(int qubit, ChainFactor factor) {
    chains_[qubit].factors.push_back(factor);
}

void TransferBuilder::add_affine(int qubit, int64_t data) {
    Chain& chain = chains_[qubit];
    const double* m = p_.data.data() + data;
    const bool diagonal = is_diagonal(m);
    if (diagonal && chain.factors.empty() && chain.scale == 1 && in_permutation(qubit)) {
        const double factors[4] = {1, m[1], m[6], m[11]};
        const auto at = std::find(support_.begin(), support_.end(), qubit) - support_.begin();
        for (size_t j = 0; j < coefficient_.size(); ++j)
            coefficient_[j] *= factors[j >> 2 * at & 3];
        return;
    }
    if (diagonal && m[1] == m[6] && m[1] == m[11]) {
        chain.scale *= m[1];
        return;
    }
    flush_scale(chain);  // the constants may have moved
    if (!chain.factors.empty() && chain.factors.back().kind == FactorKind::constant) {
        double product[12];
        compose(p_.data.data() + data, p_.data.data() + chain.factors.back().at, product);
        chain.factors.back().at = static_cast<int32_t>(p_.data.size());
        p_.data.insert(p_.data.end(), product, product + 12);
        return;
    }
    chain.factors.push_back({FactorKind::constant, static_cast<int32_t>(data)});
}

void TransferBuilder::flush_scale(Chain& chain) {
    if (chain.scale == 1) return;
    double m[12] = {0};
    m[1] = m[6] = m[11] = chain.scale;
    chain.scale = 1;
    if (!chain.factors.empty() && chain.factors.back().kind == FactorKind::constant) {
        double product[12];
        compose(m, p_.data.data() + chain.factors.back().at, product);
        std::memcpy(m, product, sizeof m);
        chain.factors.pop_back();
    }
    chain.factors.push_back({FactorKind::constant, static_cast<int32_t>(p_.data.size())});
    p_.data.insert(p_.data.end(), m, m + 12);
}

bool TransferBuilder::in_permutation(int qubit) const {
    return std::find(support_.begin(), support_.end(), qubit) != support_.end();
}

void TransferBuilder::widen(const int8_t* targets, int k) {
    const size_t before = support_.size();
    for (int t = 0; t < k; ++t)
        if (!in_permutation(targets[t])) support_.push_back(targets[t]);
    const auto now = static_cast<int64_t>(power4(static_cast<int>(support_.size())));
    const int64_t old = before ? power4(static_cast<int>(before)) : 1;
    source_.resize(now);
    coefficient_.resize(now);
    if (!before) {
        source_[0] = 0;
        coefficient_[0] = 1;
    }
    for (int64_t j = old; j < now; ++j) {
        source_[j] = static_cast<int32_t>(source_[j % old] + j / old * old);
        coefficient_[j] = coefficient_[j % old];
    }
}

void TransferBuilder::add_permutation(const int8_t* targets, int k, int64_t data) {
    int wider = 0;
    for (int t = 0; t < k; ++t) wider += !in_permutation(targets[t]);
    if (!support_.empty() && static_cast<int>(support_.size()) + wider > widest_)
        close_permutation();
    const double *sources = p_.data.data() + data, *coefficients = sources + power4(k);
    widen(targets, k);
    int place[most_targets];
    for (int t = 0; t < k; ++t)
        place[t] = static_cast<int>(std::find(support_.begin(), support_.end(), targets[t]) -
                                    support_.begin());
    std::vector<int32_t> source(source_.size());
    std::vector<double> coefficient(source_.size());
    for (size_t j = 0; j < source.size(); ++j) {
        int64_t local = 0, moved = static_cast<int64_t>(j);
        for (int t = 0; t < k; ++t) local |= (moved >> 2 * place[t] & 3) << 2 * t;
        const auto from = static_cast<int64_t>(sources[local]);
        for (int t = 0; t < k; ++t) {
            moved &= ~(int64_t{3} << 2 * place[t]);
            moved |= (from >> 2 * t & 3) << 2 * place[t];
        }
        source[j] = source_[moved];
        coefficient[j] = coefficients[local] * coefficient_[moved];
    }
    source_.swap(source);
    coefficient_.swap(coefficient);
}

void TransferBuilder::close_chain(int qubit) {
    Chain& chain = chains_[qubit];
    flush_scale(chain);
    if (chain.factors.empty()) return;
    if (in_permutation(qubit)) close_permutation();
    TransferStep step{};
    step.pass = TransferPass::chain;
    step.n_targets = 1;
    step.targets[0] = static_cast<int8_t>(qubit);
    step.first_factor = static_cast<int32_t>(p_.factors.size());
    step.n_factors = static_cast<int32_t>(chain.factors.size());
    step.chain = p_.n_chains++;
    for (const ChainFactor& f : chain.factors) {
        step.learns |= f.kind != FactorKind::constant;
        step.given |= f.kind == FactorKind::given;
        if (f.kind < FactorKind::constant) step.per_sample |= varies(f.at);
    }
    p_.factors.insert(p_.factors.end(), chain.factors.begin(), chain.factors.end());
    chain.factors.clear();
    p_.steps.push_back(step);
}

void TransferBuilder::close_permutation() {
    if (support_.empty()) return;
    TransferStep step{};
    step.pass = TransferPass::permute;
    step.n_targets = static_cast<int32_t>(support_.size());
    std::copy(support_.begin(), support_.end(), step.targets);
    step.n_table = static_cast<int64_t>(source_.size());
    step.table = static_cast<int64_t>(p_.tables.size());
    step.data = static_cast<int64_t>(p_.data.size());
    push_offsets(p_.tables, step.targets, step.n_targets);
    for (int32_t s : source_) p_.tables.push_back(p_.tables[step.table + s]);
    p_.data.insert(p_.data.end(), coefficient_.begin(), coefficient_.end());
    p_.steps.push_back(step);
    support_.clear();
}

void TransferBuilder::emit_local(TransferStep step, const TransferRow& row) {
    step.n_targets = static_cast<int32_t>(row.n_qubits);
    for (int t = 0; t < step.n_targets; ++t) {
        step.targets[t] = static_cast<int8_t>(row.qubits >> 5 * t & 31);
        close_chain(step.targets[t]);
    }
    for (int t = 0; t < step.n_targets; ++t)
        if (in_permutation(step.targets[t])) close_permutation();
    step.data = step.given ? row.slot : row.data;
    step.table = static_cast<int64_t>(p_.tables.size());
    step.n_table = power4(step.n_targets);
    push_offsets(p_.tables, step.targets, step.n_targets);
    p_.steps.push_back(step);
}

void TransferBuilder::emit_rotation(const TransferRow& row) {
    TransferStep step{};
    step.pass = TransferPass::rotate;
    step.slot = static_cast<int32_t>(row.slot);
    step.learns = true;
    step.per_sample = varies(row.slot);
    for (int q = 0; q < p_.n_qubits; ++q)
        if (row.qubits >> 2 * q & 3) step.targets[step.n_targets++] = static_cast<int8_t>(q);
    const int k = step.n_targets;
    for (int t = 0; t < k; ++t) close_chain(step.targets[t]);
    for (int t = 0; t < k; ++t)
        if (in_permutation(step.targets[t])) close_permutation();
    std::vector<int32_t> offsets, firsts, seconds;
    push_offsets(offsets, step.targets, k);
    int64_t pauli = 0;
    for (int t = 0; t < k; ++t) pauli |= (row.qubits >> 2 * step.targets[t] & 3) << 2 * t;
    for (int64_t j = 0; j < power4(k); ++j) {
        int phase = 0;  // P Q = i^phase R with R of index P ^ Q
        for (int t = 0; t < k; ++t) {
            const int mine = pauli >> 2 * t & 3, other = j >> 2 * t & 3;
            if (other && other != mine) phase += (other - mine + 3) % 3 == 1 ? 1 : 3;
        }
        if (phase % 4 == 3) {  // i P Q = R: Q gains sin(angle) R, and R loses sin(angle) Q
            firsts.push_back(offsets[j]);
            seconds.push_back(offsets[j ^ pauli]);
        }
    }
    step.table = static_cast<int64_t>(p_.tables.size());
    step.n_table = static_cast<int64_t>(firsts.size());
    p_.tables.insert(p_.tables.end(), firsts.begin(), firsts.end());
    p_.tables.insert(p_.tables.end(), seconds.begin(), seconds.end());
    p_.steps.push_back(step);
}

bool TransferBuilder::varies(int64_t slot) const {
    return slot >= static_cast<int64_t>(p_.angles.shared.constants.size());
}

}  // namespace ketwork
