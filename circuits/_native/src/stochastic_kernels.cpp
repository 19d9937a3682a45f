// The kernels of doubly stochastic circuits for one instruction set; see kernels.cpp.
#include "isa/stochastic_runner.hpp"

namespace ketwork::KETWORK_ISA {

extern const StochasticKernels<double> stochastic_double = {
    Few<double>::width, run_stochastic<Few<double>, false>, run_stochastic<Few<double>, true>};
extern const StochasticKernels<float> stochastic_float = {
    Few<float>::width, run_stochastic<Few<float>, false>, run_stochastic<Few<float>, true>};

}  // namespace ketwork::KETWORK_ISA
