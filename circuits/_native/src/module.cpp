// The Python module: programs from arrays, and running them on numpy-compatible buffers.
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "builds.hpp"
#include "count.hpp"
#include "engine.hpp"
#include "flat.hpp"
#include "program.hpp"

using namespace nb::literals;

namespace ketwork {

KETWORK_BUILDS(Kernels, kernels, kernels)

namespace {
int limit = 2;
}

int chosen_build() {
#ifdef KETWORK_X86
    __builtin_cpu_init();
    if (limit >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return 2;
    if (limit >= 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
    return 0;
}

namespace {

// A program and the view of it that kernels get.
struct Compiled {
    Program program;
    ProgramView view;
    std::vector<const int32_t*> tables, inverse_tables;

    void look() {
        tables.clear();
        inverse_tables.clear();
        for (const auto& table : program.whole.tables) tables.push_back(table.data());
        for (const auto& table : program.whole.inverse_tables)
            inverse_tables.push_back(table.data());
        view = {program.n_qubits,
                program.n_inputs,
                program.n_weights,
                program.n_values,
                program.n_chains,
                look(program.shared),
                look(program.varying),
                program.data.data(),
                program.elements.data(),
                look(program.whole),
                look(program.fine),
                tables.data(),
                inverse_tables.data(),
                program.terms.data(),
                static_cast<int64_t>(program.terms.size()),
                program.outcomes.empty() ? nullptr : program.outcomes.data(),
                program.columns.empty() ? nullptr : program.columns.data(),
                &program};
    }

   private:
    static AngleView look(const AngleTable& table) {
        return {static_cast<int64_t>(table.constants.size()),
                table.constants.data(),
                table.first_term.data(),
                table.coefficients.data(),
                table.factors.data(),
                table.degree};
    }
    static Steps look(const Schedule& schedule) {
        return {schedule.steps.data(), static_cast<int64_t>(schedule.steps.size())};
    }
};

std::unique_ptr<Compiled> make(int32_t n_qubits, int32_t n_inputs, int32_t n_weights,
                               const Array<const int64_t>& primitives,
                               const Array<const double>& data, nb::tuple shared,
                               nb::tuple varying) {
    auto made = std::make_unique<Compiled>();
    Program& program = made->program;
    program.n_qubits = n_qubits;
    program.n_inputs = n_inputs;
    program.n_weights = n_weights;
    program.shared = angle_table(shared);
    program.varying = angle_table(varying);
    program.data.assign(data.data(), data.data() + data.size());
    std::vector<Primitive> rows(primitives.size() / 6);
    const int64_t* p = primitives.data();
    for (Primitive& row : rows) {
        row = {static_cast<Kind>(p[0]), p[1], p[2], p[3], p[4], p[5]};
        p += 6;
    }
    merge_equal_angles(program, rows);
    build_schedules(program, rows);
    made->look();
    return made;
}

FlatGates flat_gates(const Array<const int64_t>& table, const Array<const int64_t>& codes,
                     const Array<const int64_t>& qubits) {
    const auto count = static_cast<int64_t>(codes.size());
    if (qubits.size() != codes.size() * flat_qubits || table.size() % flat_columns != 0)
        throw std::invalid_argument("arrays of flat gates have wrong sizes");
    const auto n_codes = static_cast<int64_t>(table.size()) / flat_columns;
    return {table.data(), n_codes, codes.data(), qubits.data(), count};
}

int64_t count_flat_angles(int32_t n_qubits, const Array<const int64_t>& table,
                          const Array<const int64_t>& codes, const Array<const int64_t>& qubits) {
    return count_angles(flat_gates(table, codes, qubits), n_qubits);
}

// A program straight from gates as numbers; what `make` gets as a table is made here.
std::unique_ptr<Compiled> make_flat(int32_t n_qubits, const Array<const int64_t>& table,
                                    const Array<const int64_t>& codes,
                                    const Array<const int64_t>& qubits,
                                    const Array<const double>& data) {
    const FlatGates gates = flat_gates(table, codes, qubits);
    const int64_t n_angles = count_angles(gates, n_qubits);
    if (n_angles < 0) throw std::invalid_argument("flat gates do not exist or do not fit");
    auto made = std::make_unique<Compiled>();
    Program& program = made->program;
    program.n_qubits = n_qubits;
    program.n_weights = static_cast<int32_t>(n_angles);
    program.shared = angles_as_weights(n_angles);
    program.varying = angles_as_weights(0);
    program.data.assign(data.data(), data.data() + data.size());
    build_schedules(program, primitives_of(gates));
    made->look();
    return made;
}

void observe(Compiled& compiled, int32_t n_values, const Array<const int64_t>& terms,
             const Array<const double>& coefficients) {
    Program& program = compiled.program;
    program.n_values = n_values;
    program.outcomes.clear();
    program.terms.clear();
    const int64_t* t = terms.data();
    for (size_t k = 0; k < coefficients.size(); ++k, t += 3)
        program.terms.push_back({t[0], t[1], static_cast<int32_t>(t[2]), coefficients.data()[k]});
    std::stable_sort(program.terms.begin(), program.terms.end(),
                     [](const Term& a, const Term& b) { return a.x_mask < b.x_mask; });
    compiled.look();
}

// Values become the probabilities of the outcomes on some qubits, the first the lowest bit.
void observe_outcomes(Compiled& compiled, const Array<const int64_t>& qubits) {
    Program& program = compiled.program;
    program.n_values = int32_t{1} << qubits.size();
    program.terms.clear();
    program.outcomes.assign(256 * outcome_tables, 0);
    for (size_t k = 0; k < qubits.size(); ++k) {
        const int64_t q = qubits.data()[k];
        for (int value = 0; value < 256; ++value)
            if (value >> q % 8 & 1) program.outcomes[256 * (q / 8) + value] |= int32_t{1} << k;
    }
    compiled.look();
}

// The start state becomes inputs as amplitudes: for each basis state a column of the inputs, or -1.
void start_from_inputs(Compiled& compiled, const Array<const int32_t>& columns) {
    compiled.program.columns.assign(columns.data(), columns.data() + columns.size());
    compiled.look();
}

template <class T>
bool all_finite(const T* values, int64_t count) {
    bool wild = false;
    for (int64_t k = 0; k < count; ++k) wild |= values[k] - values[k] != 0;
    return !wild;
}

// Pointers come as integers: the caller owns contiguous tensors of the right sizes, `keep` aligned
// to 64 bytes. Returns whether all values are finite.
template <class T>
bool run(const Compiled& compiled, int64_t batch, uintptr_t inputs, uintptr_t weights,
         bool weights_vary, uintptr_t start, bool start_varies, uintptr_t gradient,
         uintptr_t values, uintptr_t states, uintptr_t by_inputs, uintptr_t by_weights,
         uintptr_t by_start, uintptr_t keep, uintptr_t kept, int threads) {
    auto in = [](uintptr_t p) { return reinterpret_cast<const T*>(p); };
    auto out = [](uintptr_t p) { return reinterpret_cast<T*>(p); };
    if (keep % 64 != 0) throw std::invalid_argument("`keep` must be aligned to 64 bytes");
    Job<T> job{&compiled.view, batch,        in(inputs),     in(weights),     weights_vary,
               in(start),      start_varies, in(gradient),   out(values),     out(states),
               out(by_inputs), out(by_weights), out(by_start), out(keep),     in(kept),
               std::max(threads, 1)};
    bool finite = true;
    without_gil([&] {
        kernels<T>().run(job);
        if (values) finite = all_finite(job.values, batch * compiled.program.n_values);
    });
    return finite;
}

template <class T>
int64_t kept_size(const Compiled& compiled, int64_t batch) {
    return kernels<T>().kept(compiled.view, batch);
}

double operations(const Compiled& compiled, bool from_zero) {
    return operations_of(compiled.program, from_zero && compiled.program.columns.empty());
}

template <class T>
int64_t visits(const Compiled& compiled, int64_t batch) {
    return kernels<T>().visits(compiled.view, batch);
}

}  // namespace

NB_MODULE(_kernels, m) {
    // Programs that outlive the interpreter in caches are no leak.
    nb::set_leak_warnings(false);
    nb::class_<Compiled>(m, "Program").def_prop_ro("n_steps", [](const Compiled& c) {
        const Schedule& used = c.program.whole.steps.empty() ? c.program.fine : c.program.whole;
        return used.steps.size();
    });
    m.def("make", &make);
    m.def("make_flat", &make_flat);
    m.def("count_flat_angles", &count_flat_angles);
    m.def("observe", &observe);
    m.def("observe_outcomes", &observe_outcomes);
    m.def("start_from_inputs", &start_from_inputs);
    m.def("run_double", &run<double>);
    m.def("run_float", &run<float>);
    m.def("kept_size_double", &kept_size<double>);
    m.def("kept_size_float", &kept_size<float>);
    m.def("operations", &operations);
    m.def("visits_double", &visits<double>);
    m.def("visits_float", &visits<float>);
    m.def("nanoseconds", [] { return nanoseconds.load(); });
    m.def("instruction_set", [] { return std::string(kernels<double>().name); });
    bind_transfer(m);
    bind_qkan(m);
    bind_stochastic(m);
    m.def("limit_instruction_set", [](int value) { limit = value; });
}

}  // namespace ketwork
