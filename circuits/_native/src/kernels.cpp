// The passes over states, compiled once per instruction set (KETWORK_ISA names the namespace,
// KETWORK_BYTES the width of a vector). Nothing here may be shared between the builds, so there are
// no standard templates in the hot code.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "engine.hpp"
#include "pool.hpp"

namespace ketwork {
namespace KETWORK_ISA {
namespace {

template <class T>
struct Lanes;
template <>
struct Lanes<double> {
    typedef double V __attribute__((vector_size(KETWORK_BYTES)));
    typedef int64_t I __attribute__((vector_size(KETWORK_BYTES)));
};
template <>
struct Lanes<float> {
    typedef float V __attribute__((vector_size(KETWORK_BYTES)));
    typedef int32_t I __attribute__((vector_size(KETWORK_BYTES)));
};

template <class T>
struct Buffer {  // aligned, uninitialised, kept between calls of a thread
    T* data = nullptr;
    size_t size = 0;
    ~Buffer() { std::free(data); }
    T* get(size_t wanted) {
        if (wanted > size) {
            std::free(data);
            const size_t bytes = (wanted * sizeof(T) + 127) / 128 * 128;
            data = static_cast<T*>(std::aligned_alloc(128, bytes));
            size = wanted;
        }
        return data;
    }
};

inline int parity(int64_t bits) { return __builtin_popcountll(static_cast<uint64_t>(bits)) & 1; }

// LQ: how many of the lowest qubits live in the lanes; 0 means that lanes are samples.
template <class T, int LQ>
class Engine {
    using V = typename Lanes<T>::V;
    using I = typename Lanes<T>::I;
    static constexpr int W = KETWORK_BYTES / sizeof(T);
    static constexpr bool samples_in_lanes = LQ == 0;
    struct Row {
        V r, i;
    };
    struct Overlap {
        V x, y, z, id;
    };
    struct Matrix {
        V m[8];  // re, im of 00, 01, 10, 11
    };

    static V spread(T value) { return V{} + value; }
    static T total(V v) {
        T sum = 0;
        for (int l = 0; l < W; ++l) sum += v[l];
        return sum;
    }
    static V flipped(V v, int64_t mask) {
        I index;
        for (int l = 0; l < W; ++l) index[l] = l ^ static_cast<int>(mask);
        return __builtin_shuffle(v, index);
    }
    // +1 where the lane's bits under `mask` have even parity, -1 elsewhere.
    static V lane_sign(int64_t mask) {
        V sign;
        for (int l = 0; l < W; ++l) sign[l] = parity(l & mask) ? T(-1) : T(1);
        return sign;
    }
    static V lane_on(int64_t mask) {
        V on;
        for (int l = 0; l < W; ++l) on[l] = (l & mask) == mask ? T(1) : T(0);
        return on;
    }
    static constexpr int64_t lane_bits = LQ == 0 ? 0 : (int64_t{1} << LQ) - 1;

   public:
    explicit Engine(const Job<T>& job) : job_(job), p_(*job.program) {
        n_slots_ = p_.shared.size() + p_.varying.size();
        for (const Term& term : p_.terms) sorted_ = sorted_ && term.row >= 0;
    }

    // ---- angles -------------------------------------------------------------------------------

    T value_of(int32_t factor, int64_t sample, bool varying) const {
        if (factor == 0) return T(1);
        int32_t k = factor - 1;
        if (varying) {
            if (k < p_.n_inputs) return job_.inputs[sample * p_.n_inputs + k];
            k -= p_.n_inputs;
        }
        return job_.weights[(job_.weights_vary ? sample * p_.n_weights : 0) + k];
    }

    T angle(const AngleTable& table, int64_t a, int64_t sample, bool varying) const {
        T sum = static_cast<T>(table.constants[a]);
        for (int32_t t = table.first_term[a]; t < table.first_term[a + 1]; ++t) {
            T product = static_cast<T>(table.coefficients[t]);
            for (int32_t d = 0; d < table.degree; ++d)
                product *= value_of(table.factors[t * table.degree + d], sample, varying);
            sum += product;
        }
        return sum;
    }

    void pull(const AngleTable& table, int64_t a, int64_t sample, bool varying, T slope,
              double* by_weights, T* by_inputs) const {
        for (int32_t t = table.first_term[a]; t < table.first_term[a + 1]; ++t) {
            for (int32_t d = 0; d < table.degree; ++d) {
                const int32_t factor = table.factors[t * table.degree + d];
                if (factor == 0) continue;
                T product = static_cast<T>(table.coefficients[t]) * slope;
                for (int32_t e = 0; e < table.degree; ++e)
                    if (e != d)
                        product *= value_of(table.factors[t * table.degree + e], sample, varying);
                int32_t k = factor - 1;
                if (varying && k < p_.n_inputs)
                    by_inputs[sample * p_.n_inputs + k] += product;
                else
                    by_weights[k - (varying ? p_.n_inputs : 0)] += product;
            }
        }
    }

    struct Half {
        V c, s;
    };

    struct Space {  // what one worker needs
        Buffer<Half> halves;
        Buffer<Matrix> matrices;
        Buffer<Row> state, costate, spare;
        Buffer<Overlap> overlaps;
        Buffer<V> slopes;
        Buffer<double> by_weights;
        Buffer<V> sums;
    };

    void shared_angles(Space& space) const {
        Half* halves = space.halves.get(n_slots_ + 1);
        for (int64_t a = 0; a < p_.shared.size(); ++a) {
            const T half = angle(p_.shared, a, 0, false) / 2;
            halves[a] = {spread(std::cos(half)), spread(std::sin(half))};
        }
    }

    void group_angles(Space& space, int64_t first) const {
        Half* halves = space.halves.get(n_slots_ + 1);
        for (int64_t a = job_.weights_vary ? 0 : p_.shared.size(); a < n_slots_; ++a) {
            const bool varying = a >= p_.shared.size();
            const AngleTable& table = varying ? p_.varying : p_.shared;
            const int64_t row = varying ? a - p_.shared.size() : a;
            for (int l = 0; l < (samples_in_lanes ? W : 1); ++l) {
                const int64_t sample = first + l < job_.batch ? first + l : job_.batch - 1;
                const T half = angle(table, row, sample, varying) / 2;
                if (samples_in_lanes) {
                    halves[a].c[l] = std::cos(half);
                    halves[a].s[l] = std::sin(half);
                } else {
                    halves[a] = {spread(std::cos(half)), spread(std::sin(half))};
                }
            }
        }
    }

    bool varies(const Step& step) const {
        return step.per_sample || (job_.weights_vary && step.n_elements > 0);
    }

    void chain_matrix(const Step& step, const Half* halves, Matrix& out) const {
        V a[8] = {spread(1), V{}, V{}, V{}, V{}, V{}, spread(1), V{}};
        for (int32_t k = 0; k < step.n_elements; ++k) {
            const Element& e = p_.elements[step.first_element + k];
            V b[8];
            std::memcpy(b, a, sizeof a);
            if (e.kind == Kind::constant) {
                const double* u = p_.data.data() + e.data;
                for (int col = 0; col < 2; ++col) {
                    const V pr = b[2 * col], pi = b[2 * col + 1];
                    const V qr = b[4 + 2 * col], qi = b[5 + 2 * col];
                    for (int row = 0; row < 2; ++row) {
                        const T* dummy = nullptr;
                        (void)dummy;
                        const T cr = u[4 * row], ci = u[4 * row + 1];
                        const T dr = u[4 * row + 2], di = u[4 * row + 3];
                        a[4 * row + 2 * col] = cr * pr - ci * pi + dr * qr - di * qi;
                        a[4 * row + 2 * col + 1] = cr * pi + ci * pr + dr * qi + di * qr;
                    }
                }
                continue;
            }
            const V c = halves[e.slot].c, s = halves[e.slot].s;
            for (int col = 0; col < 2; ++col) {
                const V pr = b[2 * col], pi = b[2 * col + 1];
                const V qr = b[4 + 2 * col], qi = b[5 + 2 * col];
                V* top = a + 2 * col;
                V* bottom = a + 4 + 2 * col;
                switch (e.kind) {
                    case Kind::rx:
                        top[0] = c * pr + s * qi;
                        top[1] = c * pi - s * qr;
                        bottom[0] = c * qr + s * pi;
                        bottom[1] = c * qi - s * pr;
                        break;
                    case Kind::ry:
                        top[0] = c * pr - s * qr;
                        top[1] = c * pi - s * qi;
                        bottom[0] = c * qr + s * pr;
                        bottom[1] = c * qi + s * pi;
                        break;
                    case Kind::rz:
                        top[0] = c * pr + s * pi;
                        top[1] = c * pi - s * pr;
                        bottom[0] = c * qr - s * qi;
                        bottom[1] = c * qi + s * qr;
                        break;
                    default: {  // phase
                        const V fc = c * c - s * s, fs = 2 * c * s;
                        bottom[0] = fc * qr - fs * qi;
                        bottom[1] = fc * qi + fs * qr;
                    }
                }
            }
        }
        std::memcpy(out.m, a, sizeof a);
    }

    static Matrix dagger(const Matrix& u) {
        return {{u.m[0], -u.m[1], u.m[4], -u.m[5], u.m[2], -u.m[3], u.m[6], -u.m[7]}};
    }

    // ---- passes on a buffer of 2^(n - LQ) rows -------------------------------------------------

    template <class F>
    static void pairs(int64_t rows, int bit, int64_t on, F&& body) {
        const int64_t step = int64_t{1} << bit;
        for (int64_t high = 0; high < rows; high += 2 * step)
            for (int64_t i = high; i < high + step; ++i)
                if ((i & on) == on) body(i, i + step);
    }

    static void apply_pair(Row* rows, int64_t a, int64_t b, const Matrix& u) {
        const V ar = rows[a].r, ai = rows[a].i, br = rows[b].r, bi = rows[b].i;
        rows[a].r = u.m[0] * ar - u.m[1] * ai + u.m[2] * br - u.m[3] * bi;
        rows[a].i = u.m[0] * ai + u.m[1] * ar + u.m[2] * bi + u.m[3] * br;
        rows[b].r = u.m[4] * ar - u.m[5] * ai + u.m[6] * br - u.m[7] * bi;
        rows[b].i = u.m[4] * ai + u.m[5] * ar + u.m[6] * bi + u.m[7] * br;
    }

    // Lanes whose controls are off keep their amplitudes: mix the matrix with the identity there.
    static Matrix controlled_in_lanes(const Matrix& u, V on) {
        Matrix out = u;
        for (int k = 0; k < 8; ++k) out.m[k] = u.m[k] * on;
        out.m[0] += 1 - on;
        out.m[6] += 1 - on;
        return out;
    }

    struct LaneMatrix {
        V dr, di, fr, fi;  // out = (dr + i di) v + (fr + i fi) flipped(v)
        int64_t mask;
    };

    static LaneMatrix in_lanes(const Matrix& u, int target, V on) {
        LaneMatrix out;
        out.mask = int64_t{1} << target;
        for (int l = 0; l < W; ++l) {
            const bool one = l >> target & 1;
            out.dr[l] = one ? u.m[6][l] : u.m[0][l];
            out.di[l] = one ? u.m[7][l] : u.m[1][l];
            out.fr[l] = one ? u.m[4][l] : u.m[2][l];
            out.fi[l] = one ? u.m[5][l] : u.m[3][l];
        }
        out.dr = out.dr * on + (1 - on);
        out.di *= on;
        out.fr *= on;
        out.fi *= on;
        return out;
    }

    static void apply_lanes(Row& row, const LaneMatrix& u) {
        const V r = row.r, i = row.i, sr = flipped(r, u.mask), si = flipped(i, u.mask);
        row.r = u.dr * r - u.di * i + u.fr * sr - u.fi * si;
        row.i = u.dr * i + u.di * r + u.fr * si + u.fi * sr;
    }

    void chain(Row* rows, int64_t n_rows, const Step& step, const Matrix& u) const {
        const int64_t on = step.controls >> LQ;
        const int64_t lane_controls = step.controls & lane_bits;
        if (step.target >= LQ) {
            const Matrix m = lane_controls ? controlled_in_lanes(u, lane_on(lane_controls)) : u;
            pairs(n_rows, step.target - LQ, on, [&](int64_t a, int64_t b) { apply_pair(rows, a, b, m); });
        } else {
            const LaneMatrix m = in_lanes(u, step.target, lane_on(lane_controls));
            for (int64_t i = 0; i < n_rows; ++i)
                if ((i & on) == on) apply_lanes(rows[i], m);
        }
    }

    static void overlap_pair(Overlap& o, const Row* psi, const Row* lam, int64_t a, int64_t b) {
        const V ar = psi[a].r, ai = psi[a].i, br = psi[b].r, bi = psi[b].i;
        const V lr = lam[a].r, li = lam[a].i, mr = lam[b].r, mi = lam[b].i;
        o.x += lr * bi - li * br + mr * ai - mi * ar;
        o.y += mr * ar + mi * ai - lr * br - li * bi;
        const V top = lr * ai - li * ar, bottom = mr * bi - mi * br;
        o.z += top - bottom;
        o.id += top + bottom;
    }

    void chain_back(Row* psi, Row* lam, int64_t n_rows, const Step& step, const Matrix& u,
                    Overlap& result) const {
        const int64_t on = step.controls >> LQ;
        const int64_t lane_controls = step.controls & lane_bits;
        const V lanes = lane_on(lane_controls);
        Overlap o = {V{}, V{}, V{}, V{}};
        const Matrix back = dagger(u);
        if (step.target >= LQ) {
            const Matrix m = lane_controls ? controlled_in_lanes(back, lanes) : back;
            pairs(n_rows, step.target - LQ, on, [&](int64_t a, int64_t b) {
                overlap_pair(o, psi, lam, a, b);
                apply_pair(psi, a, b, m);
                apply_pair(lam, a, b, m);
            });
        } else {
            const LaneMatrix m = in_lanes(back, step.target, lanes);
            const V sign = lane_sign(m.mask);
            for (int64_t i = 0; i < n_rows; ++i) {
                if ((i & on) != on) continue;
                const V r = psi[i].r, im = psi[i].i, lr = lam[i].r, li = lam[i].i;
                const V sr = flipped(r, m.mask), si = flipped(im, m.mask);
                o.x += lr * si - li * sr;
                o.y -= sign * (lr * sr + li * si);
                const V same = lr * im - li * r;
                o.z += sign * same;
                o.id += same;
                apply_lanes(psi[i], m);
                apply_lanes(lam[i], m);
            }
        }
        if (lane_controls) {
            o.x *= lanes;
            o.y *= lanes;
            o.z *= lanes;
            o.id *= lanes;
        }
        result.x += o.x;
        result.y += o.y;
        result.z += o.z;
        result.id += o.id;
    }

    void flip(Row* rows, int64_t n_rows, const Step& step) const {
        const int64_t on = step.controls >> LQ;
        const int64_t lane_controls = step.controls & lane_bits;
        const V lanes = lane_on(lane_controls);
        if (step.target >= LQ) {
            pairs(n_rows, step.target - LQ, on, [&](int64_t a, int64_t b) {
                const Row p = rows[a], q = rows[b];
                if (!lane_controls) {
                    rows[a] = q;
                    rows[b] = p;
                } else {
                    rows[a] = {p.r + lanes * (q.r - p.r), p.i + lanes * (q.i - p.i)};
                    rows[b] = {q.r + lanes * (p.r - q.r), q.i + lanes * (p.i - q.i)};
                }
            });
            return;
        }
        const int64_t mask = int64_t{1} << step.target;
        I index;
        for (int l = 0; l < W; ++l)
            index[l] = (l & lane_controls) == lane_controls ? l ^ static_cast<int>(mask) : l;
        for (int64_t i = 0; i < n_rows; ++i)
            if ((i & on) == on)
                rows[i] = {__builtin_shuffle(rows[i].r, index), __builtin_shuffle(rows[i].i, index)};
    }

    void sign(Row* rows, int64_t n_rows, const Step& step, bool back) const {
        const int64_t on = step.controls >> LQ;
        const V lanes = lane_on(step.controls & lane_bits);
        const T re = p_.data[step.data], im = back ? -p_.data[step.data + 1] : p_.data[step.data + 1];
        const V cr = lanes * (re - 1) + 1, ci = lanes * im;
        for (int64_t i = 0; i < n_rows; ++i) {
            if ((i & on) != on) continue;
            const V r = rows[i].r, s = rows[i].i;
            rows[i] = {cr * r - ci * s, cr * s + ci * r};
        }
    }

    // (P psi)_i = i^m (-1)^{|(i ^ x) & z|} psi_{i ^ x}; here as real and imaginary rows.
    static Row turned(const Row* rows, int64_t i, int64_t x_mask, int64_t z_mask, V lane_signs) {
        const int64_t x_row = x_mask >> LQ, x_lane = x_mask & lane_bits;
        const int64_t source = i ^ x_row;
        Row row = rows[source];
        const T outer = parity(source & (z_mask >> LQ)) ? T(-1) : T(1);
        const V factor = lane_signs * outer;
        row.r *= factor;
        row.i *= factor;
        if (x_lane) {
            row.r = flipped(row.r, x_lane);
            row.i = flipped(row.i, x_lane);
        }
        switch (__builtin_popcountll(x_mask & z_mask) & 3) {
            case 1:
                return {-row.i, row.r};
            case 2:
                return {-row.r, -row.i};
            case 3:
                return {row.i, -row.r};
            default:
                return row;
        }
    }

    // exp(-i angle P / 2): psi_i -> c psi_i - i s (P psi)_i.
    void pauli(Row* rows, int64_t n_rows, const Step& step, V c, V s) const {
        const V signs = lane_sign(step.z_mask & lane_bits);
        const int64_t x_row = step.x_mask >> LQ;
        for (int64_t i = 0; i < n_rows; ++i) {
            const int64_t j = i ^ x_row;
            if (j < i) continue;
            const Row p = rows[i], q = rows[j];
            const Row pi = turned(rows, i, step.x_mask, step.z_mask, signs);
            const Row pj = turned(rows, j, step.x_mask, step.z_mask, signs);
            rows[i] = {c * p.r + s * pi.i, c * p.i - s * pi.r};
            if (j != i) rows[j] = {c * q.r + s * pj.i, c * q.i - s * pj.r};
        }
    }

    V pauli_overlap(const Row* psi, const Row* lam, int64_t n_rows, const Step& step) const {
        const V signs = lane_sign(step.z_mask & lane_bits);
        V sum{};
        for (int64_t i = 0; i < n_rows; ++i) {
            const Row t = turned(psi, i, step.x_mask, step.z_mask, signs);
            sum += lam[i].r * t.i - lam[i].i * t.r;
        }
        return sum;
    }

    // A fixed matrix on any qubits, amplitude by amplitude.
    void dense(Row* rows, int64_t n_rows, const Step& step, bool back) const {
        const int k = static_cast<int>(step.targets.size());
        const int64_t d = int64_t{1} << k;
        const double* u = p_.data.data() + step.data;
        int64_t mask = 0;
        for (int32_t q : step.targets) mask |= int64_t{1} << q;
        static thread_local Buffer<Row> held;
        Row* old = held.get(2 * d);
        const int64_t amplitudes = n_rows << LQ;
        for (int64_t base = 0; base < amplitudes; ++base) {
            if ((base & mask) || (base & step.controls) != step.controls) continue;
            for (int64_t j = 0; j < d; ++j) old[j] = read(rows, base | scatter(j, step));
            for (int64_t i = 0; i < d; ++i) {
                V r{}, s{};
                for (int64_t j = 0; j < d; ++j) {
                    const T ur = back ? u[2 * (j * d + i)] : u[2 * (i * d + j)];
                    const T ui = back ? -u[2 * (j * d + i) + 1] : u[2 * (i * d + j) + 1];
                    r += ur * old[j].r - ui * old[j].i;
                    s += ur * old[j].i + ui * old[j].r;
                }
                write(rows, base | scatter(i, step), {r, s});
            }
        }
    }

    static int64_t scatter(int64_t j, const Step& step) {
        int64_t out = 0;
        for (size_t b = 0; b < step.targets.size(); ++b)
            if (j >> b & 1) out |= int64_t{1} << step.targets[b];
        return out;
    }
    static Row read(const Row* rows, int64_t index) {
        if (samples_in_lanes) return rows[index];
        const int l = static_cast<int>(index & lane_bits);
        return {spread(rows[index >> LQ].r[l]), spread(rows[index >> LQ].i[l])};
    }
    static void write(Row* rows, int64_t index, const Row& row) {
        if (samples_in_lanes) {
            rows[index] = row;
            return;
        }
        const int l = static_cast<int>(index & lane_bits);
        rows[index >> LQ].r[l] = row.r[0];
        rows[index >> LQ].i[l] = row.i[0];
    }

    // ---- programs on one buffer -----------------------------------------------------------------

    void prepare_matrices(const std::vector<Step>& steps, Space& space, bool shared) const {
        Matrix* matrices = space.matrices.get(p_.n_chains + 1);
        const Half* halves = space.halves.get(n_slots_ + 1);
        for (const Step& step : steps)
            if (step.pass == Pass::chain && varies(step) != shared)
                chain_matrix(step, halves, matrices[step.chain]);
    }

    Row* forward(const std::vector<Step>& steps, Row* rows, Row* spare, int64_t n_rows,
                 Space& space) const {
        const Half* halves = space.halves.get(n_slots_ + 1);
        const Matrix* matrices = space.matrices.get(p_.n_chains + 1);
        for (const Step& step : steps) {
            if (step.pass == Pass::gather) {
                const int32_t* table = p_.tables[step.table].data();
                for (int64_t i = 0; i < n_rows; ++i) spare[i] = rows[table[i]];
                Row* other = rows;
                rows = spare;
                spare = other;
            } else {
                apply(step, rows, n_rows, halves, matrices);
            }
        }
        return rows;
    }

    void apply(const Step& step, Row* rows, int64_t n_rows, const Half* halves,
               const Matrix* matrices) const {
        switch (step.pass) {
            case Pass::chain:
                chain(rows, n_rows, step, matrices[step.chain]);
                break;
            case Pass::flip:
                flip(rows, n_rows, step);
                break;
            case Pass::sign:
                sign(rows, n_rows, step, false);
                break;
            case Pass::pauli:
                pauli(rows, n_rows, step, halves[step.slot].c, halves[step.slot].s);
                break;
            default:
                dense(rows, n_rows, step, false);
        }
    }

    void undo(const Step& step, Row* psi, Row* lam, int64_t n_rows, const Half* halves,
              const Matrix* matrices, Overlap* overlaps, V* slopes) const {
        switch (step.pass) {
            case Pass::chain:
                chain_back(psi, lam, n_rows, step, matrices[step.chain], overlaps[step.chain]);
                break;
            case Pass::flip:
                flip(psi, n_rows, step);
                flip(lam, n_rows, step);
                break;
            case Pass::sign:
                sign(psi, n_rows, step, true);
                sign(lam, n_rows, step, true);
                break;
            case Pass::pauli: {
                slopes[step.slot] += pauli_overlap(psi, lam, n_rows, step) / 2;
                const V c = halves[step.slot].c, s = -halves[step.slot].s;
                pauli(psi, n_rows, step, c, s);
                pauli(lam, n_rows, step, c, s);
                break;
            }
            default:
                dense(psi, n_rows, step, true);
                dense(lam, n_rows, step, true);
        }
    }

    // From the overlaps <lambda|P|psi> behind a chain to the slopes of its angles, last first:
    // undoing an element rotates the vector (x, y, z) by minus its angle.
    void chain_slopes(const Step& step, Overlap o, const Half* halves, V* slopes) const {
        for (int32_t k = step.n_elements - 1; k >= 0; --k) {
            const Element& e = p_.elements[step.first_element + k];
            if (e.kind == Kind::constant) {
                rotate_back(o, p_.data.data() + e.data);
                continue;
            }
            const V c = halves[e.slot].c, s = halves[e.slot].s;
            const V fc = c * c - s * s, fs = 2 * c * s;
            switch (e.kind) {
                case Kind::rx: {
                    slopes[e.slot] += o.x / 2;
                    const V y = fc * o.y + fs * o.z;
                    o.z = fc * o.z - fs * o.y;
                    o.y = y;
                    break;
                }
                case Kind::ry: {
                    slopes[e.slot] += o.y / 2;
                    const V z = fc * o.z + fs * o.x;
                    o.x = fc * o.x - fs * o.z;
                    o.z = z;
                    break;
                }
                default: {
                    slopes[e.slot] += e.kind == Kind::rz ? o.z / 2 : (o.z - o.id) / 2;
                    const V x = fc * o.x + fs * o.y;
                    o.y = fc * o.y - fs * o.x;
                    o.x = x;
                }
            }
        }
    }

    // v_j -> sum_k R_jk v_k with U P_j U^dagger = sum_k R_jk P_k for a fixed matrix U.
    static void rotate_back(Overlap& o, const double* u) {
        const double ar = u[0], ai = u[1], br = u[2], bi = u[3];
        const double cr = u[4], ci = u[5], dr = u[6], di = u[7];
        // Entries of U X U^dagger, U Y U^dagger, U Z U^dagger at (0,0) real and (1,0) complex.
        const double x0 = 2 * (ar * br + ai * bi);
        const double xr = (cr * br + ci * bi) + (dr * ar + di * ai);
        const double xi = (ci * br - cr * bi) + (di * ar - dr * ai);
        const double y0 = 2 * (ar * bi - ai * br) * -1;
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

    // ---- observables ------------------------------------------------------------------------------

    void measure(const Row* rows, int64_t first, int64_t last, V* sums) const {
        const size_t n_terms = p_.terms.size();
        for (size_t begin = 0; begin < n_terms;) {
            const int64_t x_mask = p_.terms[begin].x_mask;
            size_t end = begin;
            while (end < n_terms && p_.terms[end].x_mask == x_mask) ++end;
            for (int64_t j = first; j < last; ++j) {
                V re, im{};
                if (x_mask == 0) {
                    re = rows[j].r * rows[j].r + rows[j].i * rows[j].i;
                } else {
                    Row q = rows[j ^ x_mask >> LQ];
                    if (x_mask & lane_bits) {
                        q.r = flipped(q.r, x_mask & lane_bits);
                        q.i = flipped(q.i, x_mask & lane_bits);
                    }
                    re = q.r * rows[j].r + q.i * rows[j].i;
                    im = q.r * rows[j].i - q.i * rows[j].r;
                }
                for (size_t t = begin; t < end; ++t) {
                    const Term& term = p_.terms[t];
                    const int m = __builtin_popcountll(term.x_mask & term.z_mask) & 3;
                    const V part = m & 1 ? im : re;
                    const bool minus = (m == 1 || m == 2) != bool(parity(j & term.z_mask >> LQ));
                    sums[t] = minus ? sums[t] - part : sums[t] + part;
                }
            }
            begin = end;
        }
    }

    // costate = 2 sum_k g_k O_k |psi> on rows first..last.
    void cotangent(const Row* psi, Row* lam, int64_t first, int64_t last, const V* g) const {
        const size_t n_terms = p_.terms.size();
        for (int64_t i = first; i < last; ++i) lam[i] = {V{}, V{}};
        for (size_t begin = 0; begin < n_terms;) {
            const int64_t x_mask = p_.terms[begin].x_mask;
            size_t end = begin;
            while (end < n_terms && p_.terms[end].x_mask == x_mask) ++end;
            for (int64_t i = first; i < last; ++i) {
                const int64_t source = i ^ x_mask >> LQ;
                V re{}, im{};
                for (size_t t = begin; t < end; ++t) {
                    const Term& term = p_.terms[t];
                    const int m = __builtin_popcountll(term.x_mask & term.z_mask) & 3;
                    const bool minus = (m >= 2) != bool(parity(source & term.z_mask >> LQ));
                    V weight = g[t];
                    if (minus) weight = -weight;
                    if (m & 1)
                        im += weight;
                    else
                        re += weight;
                }
                Row q = psi[source];
                const V r = re * q.r - im * q.i, s = re * q.i + im * q.r;
                if (x_mask & lane_bits) {
                    lam[i].r += flipped(r, x_mask & lane_bits);
                    lam[i].i += flipped(s, x_mask & lane_bits);
                } else {
                    lam[i].r += r;
                    lam[i].i += s;
                }
            }
            begin = end;
        }
    }

    // Weight of each term for the cotangent: 2 * coefficient * gradient * sign of the lane.
    void term_weights(int64_t first, V* g) const {
        for (size_t t = 0; t < p_.terms.size(); ++t) {
            const Term& term = p_.terms[t];
            V weight;
            for (int l = 0; l < W; ++l) {
                const int64_t sample = samples_in_lanes ? first + l : first;
                weight[l] = sample < job_.batch
                                ? job_.gradient[sample * p_.n_values + term.row]
                                : T(0);
            }
            g[t] = weight * T(2 * term.coefficient);
            if (!samples_in_lanes) g[t] *= lane_sign(term.z_mask & lane_bits);
        }
    }

    void write_values(const V* sums, int64_t first) const {
        const int lanes = samples_in_lanes ? W : 1;
        for (int l = 0; l < lanes; ++l) {
            const int64_t sample = first + l;
            if (sample >= job_.batch) break;
            T* out = job_.values + sample * p_.n_values;
            for (int32_t k = 0; k < p_.n_values; ++k) out[k] = 0;
            for (size_t t = 0; t < p_.terms.size(); ++t) {
                const Term& term = p_.terms[t];
                T value = 0;
                if (samples_in_lanes)
                    value = sums[t][l];
                else
                    value = total(sums[t] * lane_sign(term.z_mask & lane_bits));
                out[term.row] += static_cast<T>(term.coefficient) * value;
            }
        }
    }

    // ---- start and end of a buffer ------------------------------------------------------------------

    void load(Row* rows, int64_t n_rows, int64_t first) const {
        if (!job_.start) {
            std::memset(static_cast<void*>(rows), 0, n_rows * sizeof(Row));
            if (samples_in_lanes)
                rows[0].r = spread(1);
            else
                rows[0].r[0] = 1;
            return;
        }
        const int64_t size = int64_t{1} << p_.n_qubits;
        for (int64_t i = 0; i < n_rows; ++i)
            for (int l = 0; l < W; ++l) {
                const int64_t sample = samples_in_lanes ? std_min(first + l, job_.batch - 1) : first;
                const T* from = job_.start + (job_.start_varies ? 2 * size * sample : 0);
                const int64_t index = samples_in_lanes ? i : i * W + l;
                rows[i].r[l] = from[2 * index];
                rows[i].i[l] = from[2 * index + 1];
            }
    }

    void store(const Row* rows, int64_t n_rows, int64_t first, T* to) const {
        const int64_t size = int64_t{1} << p_.n_qubits;
        for (int64_t i = 0; i < n_rows; ++i)
            for (int l = 0; l < W; ++l) {
                const int64_t sample = samples_in_lanes ? first + l : first;
                if (sample >= job_.batch) continue;
                const int64_t index = samples_in_lanes ? i : i * W + l;
                to[2 * (sample * size + index)] = rows[i].r[l];
                to[2 * (sample * size + index) + 1] = rows[i].i[l];
            }
    }

    static int64_t std_min(int64_t a, int64_t b) { return a < b ? a : b; }

    // ---- gradients of values -------------------------------------------------------------------------

    void pull_slopes(const V* slopes, int64_t begin, int64_t end, int64_t first,
                     double* by_weights) const {
        for (int64_t a = begin; a < end; ++a) {
            const bool varying = a >= p_.shared.size();
            const AngleTable& table = varying ? p_.varying : p_.shared;
            const int64_t row = varying ? a - p_.shared.size() : a;
            if (varying || job_.weights_vary) {
                for (int l = 0; l < (samples_in_lanes ? W : 1); ++l) {
                    const int64_t sample = first + l;
                    if (sample >= job_.batch) break;
                    const T slope = samples_in_lanes ? slopes[a][l] : total(slopes[a]);
                    if (job_.weights_vary) {
                        double* sink = scratch_weights(by_weights, sample);
                        pull(table, row, sample, varying, slope, sink, job_.by_inputs);
                    } else {
                        pull(table, row, sample, varying, slope, by_weights, job_.by_inputs);
                    }
                }
            } else {
                pull(table, row, 0, false, total(slopes[a]), by_weights, job_.by_inputs);
            }
        }
    }

    // With weights per sample each sample has its own row of sums.
    double* scratch_weights(double* by_weights, int64_t sample) const {
        return by_weights + (job_.weights_vary ? sample * p_.n_weights : 0);
    }

   protected:
    const Job<T>& job_;
    const Program& p_;
    int64_t n_slots_;
    bool sorted_ = true;

    template <class, int>
    friend class Runner;
};

// Drives an engine: groups of samples in lanes, whole states per sample, or tiles of one state.
template <class T, int LQ>
class Runner {
    using E = Engine<T, LQ>;
    using Row = typename E::Row;
    using V = typename Lanes<T>::V;
    using Space = typename E::Space;
    using Overlap = typename E::Overlap;
    static constexpr int W = E::W;
    static constexpr int tile_qubits = sizeof(T) == 8 ? 12 : 13;

   public:
    explicit Runner(const Job<T>& job) : job_(job), p_(*job.program), e_(job) {}

    void run() {
        const bool backward = job_.gradient != nullptr;
        if (backward) clear();
        if (LQ == 0 || p_.n_qubits <= tile_qubits)
            whole(backward);
        else
            tiled(backward);
    }

   private:
    void clear() {
        weight_rows_ = job_.weights_vary ? job_.batch : 1;
        const size_t count = static_cast<size_t>(weight_rows_) * p_.n_weights;
        const int workers = job_.weights_vary ? 1 : job_.threads;
        sums_ = static_cast<double*>(std::calloc(count * workers + 1, sizeof(double)));
        std::memset(job_.by_inputs, 0, sizeof(T) * job_.batch * p_.n_inputs);
    }

    void finish(int workers) {
        const int64_t count = weight_rows_ * p_.n_weights;
        for (int64_t k = 0; k < count; ++k) {
            double sum = 0;
            for (int w = 0; w < workers; ++w) sum += sums_[w * count + k];
            job_.by_weights[k] = static_cast<T>(sum);
        }
        std::free(sums_);
    }

    double* sums_of(int worker) const {
        return sums_ + (job_.weights_vary ? 0 : static_cast<int64_t>(worker) * p_.n_weights);
    }

    const std::vector<Step>& whole_steps() const {
        return LQ == 0 && !p_.steps.empty() ? p_.steps : p_.fine_steps;
    }

    // One buffer holds a whole state (of W samples, or of one).
    void whole(bool backward) {
        const std::vector<Step>& steps = whole_steps();
        const int64_t n_rows = int64_t{1} << (p_.n_qubits - LQ);
        const int64_t width = LQ == 0 ? W : 1;
        const int64_t groups = (job_.batch + width - 1) / width;
        const int workers = job_.threads;
        Space* spaces = new Space[workers];
        bool* ready = static_cast<bool*>(std::calloc(workers, sizeof(bool)));
        parallel_for(groups, workers, [&](int64_t group, int worker) {
            Space& space = spaces[worker];
            if (!ready[worker]) {
                begin_worker(space, steps);
                ready[worker] = true;
            }
            const int64_t first = group * width;
            e_.group_angles(space, first);
            e_.prepare_matrices(steps, space, false);
            Row* rows = space.state.get(n_rows);
            Row* spare = space.spare.get(n_rows);
            e_.load(rows, n_rows, first);
            Row* end = e_.forward(steps, rows, spare, n_rows, space);
            if (!backward) {
                emit(end, n_rows, first, space);
            } else {
                Row* lam = space.costate.get(n_rows);
                V* g = space.sums.get(p_.terms.size() + 1);
                e_.term_weights(first, g);
                e_.cotangent(end, lam, 0, n_rows, g);
                back(steps, end, lam, end == rows ? spare : rows, n_rows, first, space, worker);
            }
        });
        if (backward) {
            for (int w = 0; w < workers; ++w)
                if (ready[w]) end_worker(spaces[w], steps, w);
            finish(job_.weights_vary ? 1 : workers);
        }
        std::free(ready);
        delete[] spaces;
    }

    void begin_worker(Space& space, const std::vector<Step>& steps) {
        e_.shared_angles(space);
        e_.prepare_matrices(steps, space, true);
        std::memset(static_cast<void*>(space.overlaps.get(p_.n_chains + 1)), 0,
                    sizeof(Overlap) * (p_.n_chains + 1));
        std::memset(static_cast<void*>(space.slopes.get(e_.n_slots_ + 1)), 0,
                    sizeof(V) * (e_.n_slots_ + 1));
    }

    void emit(const Row* rows, int64_t n_rows, int64_t first, Space& space) {
        if (job_.values) {
            V* sums = space.sums.get(p_.terms.size() + 1);
            std::memset(static_cast<void*>(sums), 0, sizeof(V) * (p_.terms.size() + 1));
            e_.measure(rows, 0, n_rows, sums);
            e_.write_values(sums, first);
        }
        if (job_.states) e_.store(rows, n_rows, first, job_.states);
    }

    void back(const std::vector<Step>& steps, Row* psi, Row* lam, Row* spare, int64_t n_rows,
              int64_t first, Space& space, int worker) {
        const auto* halves = space.halves.get(e_.n_slots_ + 1);
        const auto* matrices = space.matrices.get(p_.n_chains + 1);
        Overlap* overlaps = space.overlaps.get(p_.n_chains + 1);
        V* slopes = space.slopes.get(e_.n_slots_ + 1);
        for (int64_t a = job_.weights_vary ? 0 : p_.shared.size(); a < e_.n_slots_; ++a)
            slopes[a] = V{};
        for (size_t s = steps.size(); s-- > 0;) {
            const Step& step = steps[s];
            if (step.pass == Pass::gather) {
                const int32_t* table = p_.inverse_tables[step.table].data();
                for (int64_t i = 0; i < n_rows; ++i) spare[i] = psi[table[i]];
                for (int64_t i = 0; i < n_rows; ++i) psi[i] = lam[table[i]];
                Row* old = lam;
                lam = psi;
                psi = spare;
                spare = old;
                continue;
            }
            if (step.pass == Pass::chain && e_.varies(step)) {
                Overlap& o = overlaps[step.chain];
                o = {V{}, V{}, V{}, V{}};
                e_.undo(step, psi, lam, n_rows, halves, matrices, overlaps, slopes);
                e_.chain_slopes(step, o, halves, slopes);
            } else {
                e_.undo(step, psi, lam, n_rows, halves, matrices, overlaps, slopes);
            }
        }
        if (job_.by_start) e_.store(lam, n_rows, first, job_.by_start);
        const int64_t begin = job_.weights_vary ? 0 : p_.shared.size();
        e_.pull_slopes(slopes, begin, e_.n_slots_, first, sums_of(worker));
    }

    // Chains without samples of their own were summed over all groups of a worker.
    void end_worker(Space& space, const std::vector<Step>& steps, int worker) {
        if (job_.weights_vary) return;
        const auto* halves = space.halves.get(e_.n_slots_ + 1);
        Overlap* overlaps = space.overlaps.get(p_.n_chains + 1);
        V* slopes = space.slopes.get(e_.n_slots_ + 1);
        V* totals = space.sums.get(e_.n_slots_ + p_.terms.size() + 1);
        for (int64_t a = 0; a < p_.shared.size(); ++a) totals[a] = slopes[a];
        // A shared angle inside a varying chain was added to `slopes` by its groups already.
        for (const Step& step : steps)
            if (step.pass == Pass::chain && !e_.varies(step))
                e_.chain_slopes(step, overlaps[step.chain], halves, totals);
        e_.pull_slopes(totals, 0, p_.shared.size(), 0, sums_of(worker));
    }

    // One state is larger than a tile: segments of steps, tile by tile.
    void tiled(bool backward) {
        const int64_t n_rows = int64_t{1} << (p_.n_qubits - LQ);
        static thread_local Buffer<Row> held_state, held_costate;
        Row* state = held_state.get(n_rows);
        Row* costate = backward ? held_costate.get(n_rows) : nullptr;
        const std::vector<Segment> segments = make_segments(p_, LQ, tile_qubits);
        std::vector<std::vector<Step>> local(segments.size());
        for (size_t s = 0; s < segments.size(); ++s)
            for (int32_t step : segments[s].steps)
                local[s].push_back(renamed(p_.fine_steps[step], segments[s].tile));
        const int workers = job_.threads;
        Space* spaces = new Space[workers];
        Space main;
        for (int64_t sample = 0; sample < job_.batch; ++sample) {
            begin_worker(main, p_.fine_steps);
            e_.group_angles(main, sample);
            e_.prepare_matrices(p_.fine_steps, main, false);
            const auto* halves = main.halves.get(e_.n_slots_ + 1);
            const auto* matrices = main.matrices.get(p_.n_chains + 1);
            e_.load(state, n_rows, sample);
            for (size_t s = 0; s < segments.size(); ++s)
                tiles(segments[s], n_rows, workers, [&](int64_t base, int worker) {
                    const auto strips = strips_of(segments[s]);
                    Row* tile = spaces[worker].state.get(strips.rows);
                    move(state, tile, base, strips, true);
                    for (const Step& step : local[s])
                        e_.apply(step, tile, strips.rows, halves, matrices);
                    move(state, tile, base, strips, false);
                });
            if (!backward) {
                finish_forward(state, n_rows, sample, spaces, workers);
                continue;
            }
            V* g = main.sums.get(p_.terms.size() + e_.n_slots_ + 1);
            e_.term_weights(sample, g);
            chunks(n_rows, workers, [&](int64_t first, int64_t last, int) {
                e_.cotangent(state, costate, first, last, g);
            });
            for (int w = 0; w < workers; ++w) begin_sums(spaces[w]);
            for (size_t s = segments.size(); s-- > 0;)
                tiles(segments[s], n_rows, workers, [&](int64_t base, int worker) {
                    Space& space = spaces[worker];
                    const auto strips = strips_of(segments[s]);
                    Row* psi = space.state.get(strips.rows);
                    Row* lam = space.costate.get(strips.rows);
                    move(state, psi, base, strips, true);
                    move(costate, lam, base, strips, true);
                    for (size_t k = local[s].size(); k-- > 0;)
                        e_.undo(local[s][k], psi, lam, strips.rows, halves, matrices,
                                space.overlaps.get(p_.n_chains + 1),
                                space.slopes.get(e_.n_slots_ + 1));
                    move(state, psi, base, strips, false);
                    move(costate, lam, base, strips, false);
                });
            if (job_.by_start) e_.store(costate, n_rows, sample, job_.by_start);
            add_up(main, spaces, workers, sample);
        }
        if (backward) finish(1);
        delete[] spaces;
    }

    void begin_sums(Space& space) {
        std::memset(static_cast<void*>(space.overlaps.get(p_.n_chains + 1)), 0,
                    sizeof(Overlap) * (p_.n_chains + 1));
        std::memset(static_cast<void*>(space.slopes.get(e_.n_slots_ + 1)), 0,
                    sizeof(V) * (e_.n_slots_ + 1));
    }

    void finish_forward(const Row* state, int64_t n_rows, int64_t sample, Space* spaces,
                        int workers) {
        if (job_.states) e_.store(state, n_rows, sample, job_.states);
        if (!job_.values) return;
        const size_t count = p_.terms.size() + 1;
        for (int w = 0; w < workers; ++w)
            std::memset(static_cast<void*>(spaces[w].sums.get(count)), 0, sizeof(V) * count);
        chunks(n_rows, workers, [&](int64_t first, int64_t last, int worker) {
            e_.measure(state, first, last, spaces[worker].sums.get(count));
        });
        V* sums = spaces[0].sums.get(count);
        for (int w = 1; w < workers; ++w)
            for (size_t t = 0; t < count; ++t) sums[t] += spaces[w].sums.get(count)[t];
        e_.write_values(sums, sample);
    }

    void add_up(Space& main, Space* spaces, int workers, int64_t sample) {
        const auto* halves = main.halves.get(e_.n_slots_ + 1);
        V* slopes = main.slopes.get(e_.n_slots_ + 1);
        for (int64_t a = 0; a < e_.n_slots_; ++a) slopes[a] = V{};
        for (int w = 0; w < workers; ++w) {
            const V* mine = spaces[w].slopes.get(e_.n_slots_ + 1);
            for (int64_t a = 0; a < e_.n_slots_; ++a) slopes[a] += mine[a];
        }
        for (const Step& step : p_.fine_steps) {
            if (step.pass != Pass::chain) continue;
            Overlap o = {V{}, V{}, V{}, V{}};
            for (int w = 0; w < workers; ++w) {
                const Overlap& mine = spaces[w].overlaps.get(p_.n_chains + 1)[step.chain];
                o = {o.x + mine.x, o.y + mine.y, o.z + mine.z, o.id + mine.id};
            }
            e_.chain_slopes(step, o, halves, slopes);
        }
        e_.pull_slopes(slopes, 0, e_.n_slots_, sample, sums_of(0));
    }

    struct Strips {
        int64_t rows;        // rows of a tile
        int64_t length;      // contiguous rows
        int64_t outside;     // mask of row bits that are not in the tile
        int64_t inside;      // mask of row bits of the tile above the strip
    };

    Strips strips_of(const Segment& segment) const {
        int64_t mask = 0;
        for (int32_t q : segment.tile)
            if (q >= LQ) mask |= int64_t{1} << (q - LQ);
        int64_t length = 1;
        while (mask & length) length <<= 1;
        const int64_t all = (int64_t{1} << (p_.n_qubits - LQ)) - 1;
        return {int64_t{1} << (segment.tile.size() - LQ), length, all & ~mask,
                mask & ~(length - 1)};
    }

    // The rows of a tile, strip by strip: `inside` counts through its bits by masked increment.
    static void move(Row* state, Row* tile, int64_t base, const Strips& strips, bool load) {
        int64_t high = 0;
        for (int64_t row = 0; row < strips.rows; row += strips.length) {
            Row* there = state + (base | high);
            if (load)
                std::memcpy(static_cast<void*>(tile + row), there, strips.length * sizeof(Row));
            else
                std::memcpy(static_cast<void*>(there), tile + row, strips.length * sizeof(Row));
            high = (high - strips.inside) & strips.inside;
        }
    }

    template <class F>
    void tiles(const Segment& segment, int64_t n_rows, int workers, F&& body) {
        const Strips strips = strips_of(segment);
        const int64_t count = n_rows / strips.rows;
        parallel_for(count, workers, [&](int64_t k, int worker) {
            int64_t base = 0;
            int64_t left = strips.outside;
            for (int64_t bits = k; bits; bits >>= 1) {
                const int64_t lowest = left & -left;
                if (bits & 1) base |= lowest;
                left &= left - 1;
            }
            body(base, worker);
        });
    }

    template <class F>
    void chunks(int64_t n_rows, int workers, F&& body) {
        const int64_t size = n_rows < 4096 ? n_rows : 4096;
        parallel_for(n_rows / size, workers, [&](int64_t k, int worker) {
            body(k * size, (k + 1) * size, worker);
        });
    }

    static Step renamed(const Step& step, const std::vector<int32_t>& tile) {
        Step out = step;
        auto place = [&](int32_t q) {
            for (size_t k = 0; k < tile.size(); ++k)
                if (tile[k] == q) return static_cast<int32_t>(k);
            return int32_t{0};
        };
        auto mask = [&](int64_t bits) {
            int64_t result = 0;
            for (size_t k = 0; k < tile.size(); ++k)
                if (bits >> tile[k] & 1) result |= int64_t{1} << k;
            return result;
        };
        out.target = place(step.target);
        out.controls = mask(step.controls);
        out.x_mask = mask(step.x_mask);
        out.z_mask = mask(step.z_mask);
        for (int32_t& q : out.targets) q = place(q);
        return out;
    }

    const Job<T>& job_;
    const Program& p_;
    E e_;
    double* sums_ = nullptr;
    int64_t weight_rows_ = 1;
};

template <class T>
void run(const Job<T>& job) {
    constexpr int W = KETWORK_BYTES / sizeof(T);
    constexpr int LQ = W == 16 ? 4 : W == 8 ? 3 : W == 4 ? 2 : 1;
    const int n = job.program->n_qubits;
    const bool fits = n <= 9;  // W whole states in a fast cache
    const bool lanes = n < LQ + 2 || (fits && 2 * job.batch > W) || (n <= 9 && n < LQ + 3);
    if (lanes)
        Runner<T, 0>(job).run();
    else
        Runner<T, LQ>(job).run();
}

}  // namespace

extern const Kernels<double> kernels_double = {KETWORK_NAME, KETWORK_BYTES / 8, run<double>};
extern const Kernels<float> kernels_float = {KETWORK_NAME, KETWORK_BYTES / 4, run<float>};

}  // namespace KETWORK_ISA
}  // namespace ketwork
