// Building what kernels see of a doubly stochastic circuit.
#pragma once

#include <vector>

#include "stochastic.hpp"

namespace ketwork {

constexpr int most_stochastic_qubits = 10;

// Tables of a line of qubits. Qubits with a partner (r, see stochastic.hpp) stand on every other
// place; none of them holds data.
class StochasticProgram {
   public:
    // `data`: the qubits of a token's bits, the lowest first. `partners`: for every qubit the other
    // one of its pair, or -1. A block is on the qubits `firsts` and the next one.
    StochasticProgram(std::vector<int32_t> data, std::vector<int32_t> partners, bool r_about_y,
                      int32_t n_angles, const std::vector<int32_t>& firsts,
                      std::vector<StochasticBlock> blocks);
    StochasticProgram(const StochasticProgram&) = delete;
    StochasticProgram& operator=(const StochasticProgram&) = delete;

    const StochasticView& view() const { return view_; }

   private:
    struct Tables {
        std::vector<int32_t> rows, even, odd;
    };

    void check(int32_t n_angles, const std::vector<int32_t>& firsts) const;
    void add_pair(int first);
    void add_tokens();
    void add_places();
    void add_strings();
    int odd_letters(int64_t string) const;
    int32_t string_of(int64_t x, int64_t z) const;

    int n_;
    std::vector<int32_t> data_, partners_;
    std::vector<StochasticBlock> blocks_;
    std::vector<Tables> tables_;
    std::vector<StochasticPair> pairs_;
    std::vector<int32_t> tokens_, states_, places_, strings_;
    StochasticView view_{};
};

}  // namespace ketwork
