// All edges of a layer, forward and backward.
//
// Forward, a task is one output: its row of values is written by nobody else. Backward, a task is
// one input. Lanes are samples, two vectors at a time; nothing is kept between the two passes.
#pragma once

#include "qkan_sphere.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
struct QkanRunner {
    using T = typename L::T;
    using V = typename L::V;
    static constexpr int together = 2 * L::width;

    const QkanJob<T>& job;

    int64_t row(int64_t output, int64_t input) const {
        return (job.sum ? output : output * job.n_inputs + input) * job.batch;
    }

    void forward() const {
        auto body = [this](int64_t output, int) {
            for (int64_t input = 0; input < job.n_inputs; ++input) forward(output, input);
        };
        parallel(job.n_outputs, job.threads, body);
    }

    void forward(int64_t output, int64_t input) const {
        const int64_t number = output * job.n_inputs + input;
        const Edge<T> edge(job, number);
        const V scale = spread<L>(job.scale[number]);
        const T* x = job.data + input * job.batch;
        T* values = job.values + row(output, input);
        for (int64_t sample = 0; sample < job.batch; sample += together) {
            Bloch<V> v[2];
            edge.template run<L, false>(x + sample, v, nullptr);
            V sum[2], slope;
            std::memcpy(sum, values + sample, sizeof sum);
            if (job.fast) edge.template finish<L>(v);
            for (int k = 0; k < 2; ++k) {
                V value;
                if (job.fast)
                    fast_value<L>(v[k], value, slope);
                else
                    value = along(edge, v[k]);
                sum[k] += scale * value;
            }
            std::memcpy(values + sample, sum, sizeof sum);
        }
    }

    void backward() const {
        auto body = [this](int64_t input, int) {
            for (int64_t output = 0; output < job.n_outputs; ++output) backward(output, input);
        };
        parallel(job.n_inputs, job.threads, body);
    }

    // Sums over the batch that the derivatives of one edge come from.
    struct Sums {
        V weight[most_qkan_reps], bias[most_qkan_reps];
        V angle[2 * most_qkan_reps + 2];
        V scale;
        Bloch<V> before;  // cotangents before the first data
        Bloch<V> after;   // vectors after the last data, times their gradients
    };

    void backward(int64_t output, int64_t input) const {
        const int64_t number = output * job.n_inputs + input;
        const Edge<T> edge(job, number);
        const V scale = spread<L>(job.scale[number]), zero = spread<L>(0);
        const T* x = job.data + input * job.batch;
        const T* gradient = job.gradient + row(output, input);
        T* by_data = job.by_data + input * job.batch;
        Sums sums;
        for (int64_t k = 0; k < job.n_reps; ++k) sums.weight[k] = sums.bias[k] = zero;
        for (int64_t k = 0; k < job.n_angles; ++k) sums.angle[k] = zero;
        sums.scale = zero;
        sums.before = sums.after = {zero, zero, zero};
        V turns[4 * most_qkan_reps];
        for (int64_t sample = 0; sample < job.batch; sample += together) {
            Bloch<V> v[2], u[2];
            V g[2], data[2], moved[2];
            edge.template run<L, true>(x + sample, v, turns);
            std::memcpy(g, gradient + sample, sizeof g);
            std::memcpy(data, x + sample, sizeof data);
            std::memcpy(moved, by_data + sample, sizeof moved);
            if (job.fast)
                start_fast(edge, v, u, g, scale, sums);
            else
                for (int k = 0; k < 2; ++k) {
                    sums.after.x += g[k] * v[k].x;
                    sums.after.y += g[k] * v[k].y;
                    sums.after.z += g[k] * v[k].z;
                    const V scaled = g[k] * scale;
                    u[k] = {scaled * edge.end.x, scaled * edge.end.y, scaled * edge.end.z};
                }
            for (int64_t at = edge.last - 1; at >= edge.first; --at) {
                const QkanStep& step = job.steps[at];
                const int64_t index = step.index;
                for (int k = 0; k < 2; ++k) {
                    V by = torque(u[k], v[k], step.axis);
                    if (step.data) {
                        const V c = turns[4 * index + 2 * k], s = turns[4 * index + 2 * k + 1];
                        if (job.arccos) by = -by / s;
                        sums.bias[index] += by;
                        sums.weight[index] += by * data[k];
                        moved[k] += by * edge.w[index];
                        turn(v[k], step.axis, c, -s);
                        turn(u[k], step.axis, c, -s);
                    } else {
                        const V c = spread<L>(edge.c[index]), s = spread<L>(edge.s[index]);
                        sums.angle[index] += by;
                        turn(v[k], step.axis, c, -s);
                        turn(u[k], step.axis, c, -s);
                    }
                }
            }
            for (int k = 0; k < 2; ++k) {
                sums.before.x += u[k].x;
                sums.before.y += u[k].y;
                sums.before.z += u[k].z;
            }
            std::memcpy(by_data + sample, moved, sizeof moved);
        }
        store(edge, number, sums);
    }

    // <Z> of vectors before the last steps.
    static V along(const Edge<T>& edge, const Bloch<V>& v) {
        return edge.end.x * v.x + edge.end.y * v.y + edge.end.z * v.z;
    }

    // Cotangents where |alpha| - |beta| is read: the last steps are gone back sample by sample.
    void start_fast(const Edge<T>& edge, Bloch<V>* v, Bloch<V>* u, const V* g, V scale,
                    Sums& sums) const {
        edge.template finish<L>(v);
        for (int k = 0; k < 2; ++k) {
            V value, slope;
            fast_value<L>(v[k], value, slope);
            sums.scale += g[k] * value;
            u[k] = {spread<L>(0), spread<L>(0), g[k] * scale * slope};
            for (int64_t at = job.n_steps - 1; at >= edge.last; --at) {
                const QkanStep& step = job.steps[at];
                const V c = spread<L>(edge.c[step.index]), s = spread<L>(edge.s[step.index]);
                sums.angle[step.index] += torque(u[k], v[k], step.axis);
                turn(v[k], step.axis, c, -s);
                turn(u[k], step.axis, c, -s);
            }
        }
    }

    // The derivatives of an edge from its sums.
    void store(const Edge<T>& edge, int64_t number, const Sums& sums) const {
        T* by_angles = job.by_angles + number * job.n_angles;
        T* by_weight = job.by_weight + number * job.n_reps;
        T* by_bias = job.by_bias + number * job.n_reps;
        for (int64_t k = 0; k < job.n_angles; ++k) by_angles[k] = total<L>(sums.angle[k]);
        for (int64_t k = 0; k < job.n_reps; ++k) {
            by_weight[k] = total<L>(sums.weight[k]);
            by_bias[k] = total<L>(sums.bias[k]);
        }
        Bloch<T> v = edge.start;
        Bloch<T> u = summed(sums.before);
        for (int64_t at = edge.first - 1; at >= 0; --at) {
            const QkanStep& step = job.steps[at];
            by_angles[step.index] = torque(u, v, step.axis);
            turn(v, step.axis, edge.c[step.index], -edge.s[step.index]);
            turn(u, step.axis, edge.c[step.index], -edge.s[step.index]);
        }
        if (job.fast) {
            job.by_scale[number] = total<L>(sums.scale);
            return;
        }
        v = summed(sums.after);
        u = edge.end;
        job.by_scale[number] = u.x * v.x + u.y * v.y + u.z * v.z;
        for (int64_t at = edge.last; at < job.n_steps; ++at) {
            const QkanStep& step = job.steps[at];
            turn(v, step.axis, edge.c[step.index], edge.s[step.index]);
            turn(u, step.axis, edge.c[step.index], edge.s[step.index]);
            by_angles[step.index] = job.scale[number] * torque(u, v, step.axis);
        }
    }

    static Bloch<T> summed(const Bloch<V>& v) {
        return {total<L>(v.x), total<L>(v.y), total<L>(v.z)};
    }
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
