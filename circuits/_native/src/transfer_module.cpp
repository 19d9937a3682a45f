// The Python side of noisy circuits: programs from arrays, and running them.
#include "builds.hpp"

#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <memory>

#include "pool.hpp"
#include "transfer_many.hpp"

namespace ketwork {

using namespace nb::literals;

KETWORK_BUILDS(TransferKernels, transfer, transfer_kernels)

namespace {

// A program and the view of it that kernels get.
struct CompiledTransfer {
    TransferProgram program;
    TransferView view{};
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
    std::vector<Primitive> slots;  // only to let equal angles share a slot
    const size_t count = rows.size() / 5;
    for (size_t r = 0; r < count; ++r) {
        const int64_t* row = rows.data() + 5 * r;
        slots.push_back({Kind::rx, 0, 0, 0, has_angle(static_cast<RowKind>(row[0])) ? row[3] : -1, 0});
    }
    merge_equal_angles(p.angles, slots);
    TransferBuilder builder(p, widest);
    for (size_t r = 0; r < count; ++r) {
        const int64_t* row = rows.data() + 5 * r;
        const int64_t slot = slots[r].slot >= 0 ? slots[r].slot : row[3];
        builder.add({static_cast<RowKind>(row[0]), row[1], row[2], slot, row[4]});
    }
    builder.finish();
    made->view = view_of(p);
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

// The entries (circuits, n_entries) of many circuits in one table of rows; see transfer_many.hpp.
template <class T>
void run_many(int32_t n_qubits, const Array<const double>& constants,
              const Array<const int64_t>& rows, const Array<const double>& angles,
              const Array<const int64_t>& entries, uintptr_t out, int widest, int threads) {
    const auto circuits = find_circuits(rows.data(), rows.size() / 5);
    const size_t n_entries = entries.size();
    auto body = [&](int64_t number) {
        TransferProgram program;
        program.n_qubits = n_qubits;
        program.data.assign(constants.data(), constants.data() + constants.size());
        program.entries.assign(entries.data(), entries.data() + n_entries);
        build_flat(program, circuits[number], rows.data(), angles.data(), widest);
        const TransferView view = view_of(program);
        TransferJob<T> job{};
        job.program = &view;
        job.values.program = &view.angles;
        job.values.batch = 1;
        job.values.threads = 1;
        job.entries = reinterpret_cast<T*>(out) + number * n_entries;
        transfer_kernels<T>().run(job);
    };
    using Body = decltype(body);
    without_gil([&] {
        parallel_for(
            static_cast<int64_t>(circuits.size()), std::max(threads, 1),
            [](void* context, int64_t number, int) { (*static_cast<Body*>(context))(number); },
            &body);
    });
}

}  // namespace

void bind_transfer(nb::module_& m) {
    nb::class_<CompiledTransfer>(m, "TransferProgram")
        .def_prop_ro("n_steps", [](const CompiledTransfer& c) { return c.program.steps.size(); });
    m.def("make_transfer", &make);
    m.def("run_transfer_double", &run<double>);
    m.def("run_transfer_float", &run<float>);
    m.def("run_many_transfers_double", &run_many<double>);
    m.def("run_many_transfers_float", &run_many<float>);
}

}  // namespace ketwork
