// The Python side of noisy circuits: programs from arrays, and running them.
#include "bindings.hpp"

#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <memory>

#include "transfer_program.hpp"

namespace ketwork {

using namespace nb::literals;

#define KETWORK_DECLARE(isa)                              \
    namespace isa {                                       \
    extern const TransferKernels<double> transfer_double; \
    extern const TransferKernels<float> transfer_float;   \
    }
KETWORK_DECLARE(baseline)
#ifdef KETWORK_X86
KETWORK_DECLARE(avx2)
KETWORK_DECLARE(avx512)
#endif

namespace {

template <class T>
const TransferKernels<T>& transfer_kernels();
#ifdef KETWORK_X86
template <>
const TransferKernels<double>& transfer_kernels<double>() {
    static const TransferKernels<double>* const builds[] = {
        &baseline::transfer_double, &avx2::transfer_double, &avx512::transfer_double};
    return *builds[chosen_build()];
}
template <>
const TransferKernels<float>& transfer_kernels<float>() {
    static const TransferKernels<float>* const builds[] = {
        &baseline::transfer_float, &avx2::transfer_float, &avx512::transfer_float};
    return *builds[chosen_build()];
}
#else
template <>
const TransferKernels<double>& transfer_kernels<double>() {
    return baseline::transfer_double;
}
template <>
const TransferKernels<float>& transfer_kernels<float>() {
    return baseline::transfer_float;
}
#endif

AngleView look(const AngleTable& table) {
    return {static_cast<int64_t>(table.constants.size()),
            table.constants.data(),
            table.first_term.data(),
            table.coefficients.data(),
            table.factors.data(),
            table.degree};
}

// A program and the view of it that kernels get.
struct CompiledTransfer {
    TransferProgram program;
    TransferView view{};

    void look_again() {
        const TransferProgram& p = program;
        view = {};
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
        view.angles.shared = look(p.angles.shared);
        view.angles.varying = look(p.angles.varying);
    }
};

std::unique_ptr<CompiledTransfer> make(int32_t n_qubits, int32_t n_inputs, int32_t n_weights,
                                       int32_t n_given, const Array<const int64_t>& rows,
                                       const Array<const double>& data, nb::tuple shared,
                                       nb::tuple varying, const Array<const int64_t>& entries,
                                       int widest) {
    auto made = std::make_unique<CompiledTransfer>();
    TransferProgram& p = made->program;
    p.n_qubits = n_qubits;
    p.n_given = n_given;
    p.angles.n_inputs = n_inputs;
    p.angles.n_weights = n_weights;
    p.angles.shared = angle_table(shared);
    p.angles.varying = angle_table(varying);
    p.data.assign(data.data(), data.data() + data.size());
    p.entries.assign(entries.data(), entries.data() + entries.size());
    const auto turns = [](int64_t kind) {
        return kind <= static_cast<int64_t>(RowKind::rz) ||
               kind == static_cast<int64_t>(RowKind::rotate);
    };
    std::vector<Primitive> slots;  // only to let equal angles share a slot
    const size_t count = rows.size() / 5;
    for (size_t r = 0; r < count; ++r) {
        const int64_t* row = rows.data() + 5 * r;
        slots.push_back({Kind::rx, 0, 0, 0, turns(row[0]) ? row[3] : -1, 0});
    }
    merge_equal_angles(p.angles, slots);
    TransferBuilder builder(p, widest);
    for (size_t r = 0; r < count; ++r) {
        const int64_t* row = rows.data() + 5 * r;
        const int64_t slot = turns(row[0]) ? slots[r].slot : row[3];
        builder.add({static_cast<RowKind>(row[0]), row[1], row[2], slot, row[4]});
    }
    builder.finish();
    made->look_again();
    return made;
}

// Pointers come as integers: the caller owns contiguous tensors of the right sizes.
template <class T>
void run(const CompiledTransfer& compiled, int64_t batch, uintptr_t inputs, uintptr_t weights,
         bool weights_vary, uintptr_t given, bool given_vary, uintptr_t start, bool start_varies,
         uintptr_t gradient, uintptr_t entries, uintptr_t by_inputs, uintptr_t by_weights,
         uintptr_t by_given, uintptr_t by_start, int64_t tape, int threads) {
    const auto in = [](uintptr_t p) { return reinterpret_cast<const T*>(p); };
    const auto out = [](uintptr_t p) { return reinterpret_cast<T*>(p); };
    TransferJob<T> job{};
    job.program = &compiled.view;
    job.values.program = &compiled.view.angles;
    job.values.batch = batch;
    job.values.inputs = in(inputs);
    job.values.weights = in(weights);
    job.values.weights_vary = weights_vary;
    job.values.by_inputs = out(by_inputs);
    job.values.by_weights = out(by_weights);
    job.values.threads = std::max(threads, 1);
    job.given = in(given);
    job.given_vary = given_vary;
    job.start = in(start);
    job.start_varies = start_varies;
    job.gradient = in(gradient);
    job.entries = out(entries);
    job.by_given = out(by_given);
    job.by_start = out(by_start);
    job.tape = tape;
    without_gil([&] { transfer_kernels<T>().run(job); });
}

}  // namespace

void bind_transfer(nb::module_& m) {
    nb::class_<CompiledTransfer>(m, "TransferProgram")
        .def_prop_ro("n_steps", [](const CompiledTransfer& c) { return c.program.steps.size(); });
    m.def("make_transfer", &make);
    m.def("run_transfer_double", &run<double>);
    m.def("run_transfer_float", &run<float>);
}

}  // namespace ketwork
