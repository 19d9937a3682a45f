// Sine and cosine of a vector.
//
// The angle is reduced to [-pi/4, pi/4] by a multiple of pi/2 in three parts (Cody and Waite), and
// the minimax polynomials are those of fdlibm and Cephes. Where an angle is so large that the
// multiple is not exact, and for infinities and NaN, the C library does the work.
#pragma once

#include "lanes.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
struct Reduction;
template <>
struct Reduction<double> {
    static constexpr double two_over_pi = 0.6366197723675814;
    static constexpr double parts[3] = {1.570796251296997, 7.549789415861596e-08,
                                        5.390302858158119e-15};
    static constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds
    static constexpr double largest = 1e5;
    static constexpr int n = 6;
    static constexpr double sine[n] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,
                                       -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                                       -2.50507602534068634195e-08, 1.58969099521155010221e-10};
    static constexpr double cosine[n] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                                         2.48015872894767294178e-05, -2.75573143513906633035e-07,
                                         2.08757232129817482790e-09, -1.13596475577881948265e-11};
    static double library_sine(double x) { return __builtin_sin(x); }
    static double library_cosine(double x) { return __builtin_cos(x); }
};
template <>
struct Reduction<float> {
    static constexpr float two_over_pi = 0.63661977f;
    static constexpr float parts[3] = {1.5703125f, 4.837512969970703125e-4f,
                                       7.54978995489188216e-8f};
    static constexpr float magic = 12582912.0f;  // 1.5 * 2^23
    static constexpr float largest = 4096;
    static constexpr int n = 3;
    static constexpr float sine[n] = {-1.6666654611e-1f, 8.3321608736e-3f, -1.9515295891e-4f};
    static constexpr float cosine[n] = {4.166664568298827e-2f, -1.388731625493765e-3f,
                                        2.443315711809948e-5f};
    static float library_sine(float x) { return __builtin_sinf(x); }
    static float library_cosine(float x) { return __builtin_cosf(x); }
};

template <class L>
void sine_cosine(typename L::V x, typename L::V& sine, typename L::V& cosine) {
    using T = typename L::T;
    using V = typename L::V;
    using I = typename L::I;
    using R = Reduction<T>;
    bool large = false;
    for (int l = 0; l < L::width; ++l) large |= !(x[l] <= R::largest && x[l] >= -R::largest);
    if (large) {
        for (int l = 0; l < L::width; ++l) {
            sine[l] = R::library_sine(x[l]);
            cosine[l] = R::library_cosine(x[l]);
        }
        return;
    }
    const V shifted = x * R::two_over_pi + R::magic;
    I bits;
    std::memcpy(&bits, &shifted, sizeof bits);  // the lowest two are the quadrant
    const V turns = shifted - R::magic;
    V r = x - turns * R::parts[0];
    r = r - turns * R::parts[1];
    r = r - turns * R::parts[2];
    const V z = r * r;
    V s = spread<L>(R::sine[R::n - 1]), c = spread<L>(R::cosine[R::n - 1]);
    for (int k = R::n - 2; k >= 0; --k) {
        s = s * z + R::sine[k];
        c = c * z + R::cosine[k];
    }
    s = r + r * z * s;
    c = 1 - z / 2 + z * z * c;
    const auto odd = (bits & 1) != 0;
    const auto sine_sign = (bits & 2) != 0, cosine_sign = ((bits + 1) & 2) != 0;
    sine = odd ? c : s;
    cosine = odd ? s : c;
    sine = sine_sign ? -sine : sine;
    cosine = cosine_sign ? -cosine : cosine;
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
