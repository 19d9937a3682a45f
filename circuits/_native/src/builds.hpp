// The builds of a set of kernels, one for each instruction set, and the one that runs here.
#pragma once

#include <type_traits>

#include "bindings.hpp"

#define KETWORK_DECLARE_BUILD(isa, Kernels, name) \
    namespace isa {                               \
    extern const Kernels<double> name##_double;   \
    extern const Kernels<float> name##_float;     \
    }

#ifdef KETWORK_X86
#define KETWORK_DECLARE_BUILDS(Kernels, name)      \
    KETWORK_DECLARE_BUILD(baseline, Kernels, name) \
    KETWORK_DECLARE_BUILD(avx2, Kernels, name)     \
    KETWORK_DECLARE_BUILD(avx512, Kernels, name)
#define KETWORK_LIST_BUILDS(name) &baseline::name, &avx2::name, &avx512::name
#else
#define KETWORK_DECLARE_BUILDS(Kernels, name) KETWORK_DECLARE_BUILD(baseline, Kernels, name)
#define KETWORK_LIST_BUILDS(name) &baseline::name
#endif

// Declares `name_double` and `name_float` of every build, and defines `function<T>()`, which gives
// those of the widest build that this processor runs. Stands in namespace ketwork.
#define KETWORK_BUILDS(Kernels, name, function)                                            \
    KETWORK_DECLARE_BUILDS(Kernels, name)                                                  \
    template <class T>                                                                     \
    const Kernels<T>& function() {                                                         \
        if constexpr (std::is_same_v<T, double>) {                                         \
            static const Kernels<T>* const builds[] = {KETWORK_LIST_BUILDS(name##_double)}; \
            return *builds[chosen_build()];                                                \
        } else {                                                                           \
            static const Kernels<T>* const builds[] = {KETWORK_LIST_BUILDS(name##_float)};  \
            return *builds[chosen_build()];                                                \
        }                                                                                  \
    }
