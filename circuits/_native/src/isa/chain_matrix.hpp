// The 2 x 2 matrix of a chain of one-qubit gates, and the derivatives of the angles in it.
#pragma once

#include "workspace.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
Matrix<L> dagger(const Matrix<L>& u) {
    return {{u.m[0], -u.m[1], u.m[4], -u.m[5], u.m[2], -u.m[3], u.m[6], -u.m[7]}};
}

// Multiply one column, (p, q), from the left by the rotation of an element.
template <class L>
void rotate_column(Kind kind, typename L::V c, typename L::V s, typename L::V* p,
                   typename L::V* q) {
    using V = typename L::V;
    const V pr = p[0], pi = p[1], qr = q[0], qi = q[1];
    switch (kind) {
        case Kind::rx:
            p[0] = c * pr + s * qi;
            p[1] = c * pi - s * qr;
            q[0] = c * qr + s * pi;
            q[1] = c * qi - s * pr;
            break;
        case Kind::ry:
            p[0] = c * pr - s * qr;
            p[1] = c * pi - s * qi;
            q[0] = c * qr + s * pr;
            q[1] = c * qi + s * pi;
            break;
        case Kind::rz:
            p[0] = c * pr + s * pi;
            p[1] = c * pi - s * pr;
            q[0] = c * qr - s * qi;
            q[1] = c * qi + s * qr;
            break;
        default: {  // phase: the whole angle
            const V fc = c * c - s * s, fs = 2 * c * s;
            q[0] = fc * qr - fs * qi;
            q[1] = fc * qi + fs * qr;
        }
    }
}

template <class L>
void fixed_column(const double* u, typename L::V* p, typename L::V* q) {
    using T = typename L::T;
    using V = typename L::V;
    const V pr = p[0], pi = p[1], qr = q[0], qi = q[1];
    const T ar = u[0], ai = u[1], br = u[2], bi = u[3], cr = u[4], ci = u[5], dr = u[6], di = u[7];
    p[0] = ar * pr - ai * pi + br * qr - bi * qi;
    p[1] = ar * pi + ai * pr + br * qi + bi * qr;
    q[0] = cr * pr - ci * pi + dr * qr - di * qi;
    q[1] = cr * pi + ci * pr + dr * qi + di * qr;
}

template <class L>
Matrix<L> chain_matrix(const ProgramView& p, const Step& step, const Half<L>* halves) {
    Matrix<L> u{};
    u.m[0] += 1;
    u.m[6] += 1;
    for (int32_t k = 0; k < step.n_elements; ++k) {
        const Element& e = p.elements[step.first_element + k];
        for (int column = 0; column < 4; column += 2) {
            if (e.kind == Kind::constant)
                fixed_column<L>(p.data + e.data, u.m + column, u.m + 4 + column);
            else
                rotate_column<L>(e.kind, halves[e.slot].c, halves[e.slot].s, u.m + column,
                                 u.m + 4 + column);
        }
    }
    return u;
}

// v_j -> sum_k R_jk v_k with U P_j U^dagger = sum_k R_jk P_k for a fixed matrix U.
template <class L>
void turn_fixed(Overlap<L>& o, const double* u) {
    using T = typename L::T;
    using V = typename L::V;
    const double ar = u[0], ai = u[1], br = u[2], bi = u[3];
    const double cr = u[4], ci = u[5], dr = u[6], di = u[7];
    // Entries of U X U^dagger, U Y U^dagger, U Z U^dagger at (0,0) and (1,0).
    const double x0 = 2 * (ar * br + ai * bi);
    const double xr = (cr * br + ci * bi) + (dr * ar + di * ai);
    const double xi = (ci * br - cr * bi) + (di * ar - dr * ai);
    const double y0 = -2 * (ar * bi - ai * br);
    const double yr = (ci * br - cr * bi) - (di * ar - dr * ai);
    const double yi = -(cr * br + ci * bi) + (dr * ar + di * ai);
    const double z0 = (ar * ar + ai * ai) - (br * br + bi * bi);
    const double zr = (cr * ar + ci * ai) - (dr * br + di * bi);
    const double zi = (ci * ar - cr * ai) - (di * br - dr * bi);
    const V x = o.x, y = o.y, z = o.z;
    o.x = T(xr) * x + T(xi) * y + T(x0) * z;
    o.y = T(yr) * x + T(yi) * y + T(y0) * z;
    o.z = T(zr) * x + T(zi) * y + T(z0) * z;
}

// Add the slopes of a chain's angles, given the overlaps behind it. exp(-i a P / 2) has the slope
// Im <lambda|P|psi> / 2 there; undoing a gate turns the vector (x, y, z) by minus its angle.
template <class L>
void chain_slopes(const ProgramView& p, const Step& step, Overlap<L> o, const Half<L>* halves,
                  typename L::V* slopes) {
    using V = typename L::V;
    for (int32_t k = step.n_elements - 1; k >= 0; --k) {
        const Element& e = p.elements[step.first_element + k];
        if (e.kind == Kind::constant) {
            turn_fixed<L>(o, p.data + e.data);
            continue;
        }
        const V c = halves[e.slot].c, s = halves[e.slot].s;
        const V fc = c * c - s * s, fs = 2 * c * s;
        V slope, first, second;
        switch (e.kind) {
            case Kind::rx:
                slope = o.x;
                first = fc * o.y + fs * o.z;
                second = fc * o.z - fs * o.y;
                o.y = first;
                o.z = second;
                break;
            case Kind::ry:
                slope = o.y;
                first = fc * o.z + fs * o.x;
                second = fc * o.x - fs * o.z;
                o.z = first;
                o.x = second;
                break;
            default:
                slope = e.kind == Kind::rz ? o.z : o.z - o.id;
                first = fc * o.x + fs * o.y;
                second = fc * o.y - fs * o.x;
                o.x = first;
                o.y = second;
        }
        slopes[e.slot] += slope / 2;
    }
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
