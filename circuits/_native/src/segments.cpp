// Which steps can share a visit to the parts of a large state, and of which qubits the parts are.
#include <algorithm>

#include "program.hpp"

namespace ketwork {
namespace {

// Where the qubits of a mask go when those of the tile are numbered 0, 1, ...
int64_t packed(int64_t mask, int64_t tile) {
    int64_t out = 0;
    for (int32_t place = 0; tile; tile &= tile - 1, ++place)
        if (mask & tile & -tile) out |= int64_t{1} << place;
    return out;
}

int32_t place_of(int32_t qubit, int64_t tile) {
    return __builtin_popcountll(tile & ((int64_t{1} << qubit) - 1));
}

Step renamed(Step step, int64_t tile) {
    step.target = place_of(step.target, tile);
    step.controls = packed(step.controls, tile);
    step.before = packed(step.before, tile);
    step.after = packed(step.after, tile);
    step.x_mask = packed(step.x_mask, tile);
    step.z_mask = packed(step.z_mask, tile);
    for (int32_t k = 0; k < step.n_targets; ++k)
        step.targets[k] = static_cast<int8_t>(place_of(step.targets[k], tile));
    return step;
}

}  // namespace

TilePlan make_plan(const Program& program, int32_t lane_qubits, int32_t tile_qubits) {
    const int32_t n = program.n_qubits;
    const int32_t size = std::min(n, tile_qubits);
    const int32_t strip = std::min(n, lane_qubits + 2);  // four vectors that lie together
    const int64_t every = (int64_t{1} << n) - 1;
    const std::vector<Step>& steps = program.fine.steps;
    std::vector<bool> done(steps.size(), false);
    TilePlan plan;
    int64_t touched = 0;
    for (size_t first = 0; first < steps.size(); ++first) {
        if (done[first]) continue;
        // Take every step whose qubits fit and that no step left behind stands in front of.
        int64_t tile = (int64_t{1} << strip) - 1, blocked = 0, changed = 0;
        std::vector<Step> taken;
        for (size_t s = first; s < steps.size() && blocked != every; ++s) {
            if (done[s]) continue;
            const int64_t mask = mask_of(steps[s]);
            const bool fits = __builtin_popcountll(tile | mask) <= size || taken.empty();
            if (!(mask & blocked) && fits) {
                tile |= mask;
                changed |= changes_of(steps[s]);
                taken.push_back(steps[s]);
                done[s] = true;
            } else {
                blocked |= mask;
            }
        }
        for (int32_t q = 0; q < n && __builtin_popcountll(tile) < size; ++q)
            tile |= int64_t{1} << q;
        for (Step& step : taken) step = renamed(step, tile);
        set_reach(taken, packed(touched & tile, tile));
        touched |= changed;
        plan.steps.push_back(std::move(taken));
        plan.segments.push_back({tile, touched, {}});
    }
    for (size_t s = 0; s < plan.segments.size(); ++s)
        plan.segments[s].steps = {plan.steps[s].data(), static_cast<int64_t>(plan.steps[s].size())};
    return plan;
}

}  // namespace ketwork
