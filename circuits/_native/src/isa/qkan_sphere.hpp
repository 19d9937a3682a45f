// Bloch vectors in lanes, and what one circuit does to them.
#pragma once

#include "../qkan.hpp"
#include "sincos.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class V>
struct Bloch {
    V x, y, z;
};

// The vector turned about an axis, right-handed.
template <class V, class S>
inline void turn(Bloch<V>& v, int axis, S c, S s) {
    V p;
    switch (axis) {
        case 0:
            p = c * v.y - s * v.z;
            v.z = s * v.y + c * v.z;
            v.y = p;
            break;
        case 1:
            p = c * v.z - s * v.x;
            v.x = s * v.z + c * v.x;
            v.z = p;
            break;
        default:
            p = c * v.x - s * v.y;
            v.y = s * v.x + c * v.y;
            v.x = p;
    }
}

// u . (a x v): how much u . v grows as v turns about an axis.
template <class V>
inline V torque(const Bloch<V>& u, const Bloch<V>& v, int axis) {
    if (axis == 0) return u.z * v.y - u.y * v.z;
    if (axis == 1) return u.x * v.z - u.z * v.x;
    return u.y * v.x - u.x * v.y;
}

template <class L>
typename L::V root(typename L::V v) {
    for (int l = 0; l < L::width; ++l) v[l] = __builtin_sqrt(v[l]);
    return v;
}

// |alpha| - |beta| and its derivative by z along the sphere. The smaller of the two comes from x
// and y, without cancellation at the poles.
template <class L>
void fast_value(const Bloch<typename L::V>& v, typename L::V& value, typename L::V& slope) {
    using V = typename L::V;
    const auto down = v.z < 0;
    const V height = down ? -v.z : v.z;
    const V larger = root<L>((1 + height) / 2);
    const V smaller = root<L>(v.x * v.x + v.y * v.y) / (2 * larger);
    const V difference = larger - smaller;
    value = down ? -difference : difference;
    const auto some = smaller > 0;
    const V inverse = some ? 1 / (some ? smaller : spread<L>(1)) : spread<L>(0);
    slope = (1 / larger + inverse) / 4;
}

// Cosine and sine of the rotation by encoded data.
template <class L>
inline void data_rotation(typename L::V encoded, bool arccos, typename L::V& c,
                          typename L::V& s) {
    if (arccos) {
        c = encoded;
        s = root<L>(1 - encoded * encoded);
    } else {
        sine_cosine<L>(encoded, s, c);
    }
}

// The circuit of one edge. Its first steps come before any data and its last ones after all data:
// they are the same for the whole batch.
template <class T>
struct Edge {
    const QkanJob<T>& job;
    const T *c, *s, *w, *b;
    int64_t first, last;  // steps that depend on the sample
    Bloch<T> start;       // the vector before step `first`
    Bloch<T> end;         // the direction whose part of the vector after step `last` - 1 is <Z>

    Edge(const QkanJob<T>& given, int64_t edge)
        : job(given),
          c(given.cosines + edge * given.n_angles),
          s(given.sines + edge * given.n_angles),
          w(given.weight + edge * given.n_reps),
          b(given.bias + edge * given.n_reps),
          first(0),
          last(given.n_steps),
          start{1, 0, 0},
          end{0, 0, 1} {
        while (first < last && !job.steps[first].data) {
            const QkanStep& step = job.steps[first++];
            turn(start, step.axis, c[step.index], s[step.index]);
        }
        while (last > first && !job.steps[last - 1].data) {
            const QkanStep& step = job.steps[--last];
            turn(end, step.axis, c[step.index], -s[step.index]);
        }
    }

    // The vectors of some samples after the steps that depend on them, in two vectors of lanes.
    template <class L, bool keep>
    inline void run(const T* x, Bloch<typename L::V>* v, typename L::V* kept) const {
        using V = typename L::V;
        V data[2];
        std::memcpy(data, x, sizeof data);
        for (int k = 0; k < 2; ++k)
            v[k] = {spread<L>(start.x), spread<L>(start.y), spread<L>(start.z)};
        for (int64_t at = first; at < last; ++at) {
            const QkanStep& step = job.steps[at];
            const int64_t index = step.index;
            if (step.data) {
                for (int k = 0; k < 2; ++k) {
                    V cosine, sine;
                    data_rotation<L>(data[k] * w[index] + b[index], job.arccos, cosine, sine);
                    if (keep) {
                        kept[4 * index + 2 * k] = cosine;
                        kept[4 * index + 2 * k + 1] = sine;
                    }
                    turn(v[k], step.axis, cosine, sine);
                }
            } else {
                const V cosine = spread<L>(c[index]), sine = spread<L>(s[index]);
                for (int k = 0; k < 2; ++k) turn(v[k], step.axis, cosine, sine);
            }
        }
    }

    // The same vectors after the last steps, too.
    template <class L>
    inline void finish(Bloch<typename L::V>* v) const {
        for (int64_t at = last; at < job.n_steps; ++at) {
            const QkanStep& step = job.steps[at];
            for (int k = 0; k < 2; ++k)
                turn(v[k], step.axis, spread<L>(c[step.index]), spread<L>(s[step.index]));
        }
    }
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
