// The kernels of one-qubit circuits on edges for one instruction set; see kernels.cpp.
#include "isa/qkan_runner.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
void forward(const QkanJob<T>& job) {
    QkanRunner<Layout<T, 0>>{job}.forward();
}

template <class T>
void backward(const QkanJob<T>& job) {
    QkanRunner<Layout<T, 0>>{job}.backward();
}

}  // namespace

extern const QkanKernels<double> qkan_double = {forward<double>, backward<double>};
extern const QkanKernels<float> qkan_float = {forward<float>, backward<float>};

}  // namespace ketwork::KETWORK_ISA
