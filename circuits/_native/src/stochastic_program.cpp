#include "stochastic_program.hpp"

#include <stdexcept>
#include <utility>

namespace ketwork {

namespace {

int parity_of(int64_t bits) { return __builtin_parityll(static_cast<uint64_t>(bits)); }

int digit(int64_t string, int qubit) { return static_cast<int>(string >> (2 * qubit)) & 3; }

// P Q = i^phase R for the letters I, X, Y, Z as 0, 1, 2, 3.
int phase(int p, int q) {
    if (!p || !q || p == q) return 0;
    return (q - p + 3) % 3 == 1 ? 1 : 3;
}

// 2 k + sign: k is the number p has without bit b of x, its highest, if p has not that bit; then
// the matrix is read at (p ^ x, p), and else at (p, p ^ x), which has the other sign.
int32_t place_of(int64_t p, int64_t q, int64_t half) {
    const int64_t x = p ^ q;
    const int high = 63 - __builtin_clzll(static_cast<uint64_t>(x));
    const bool negative = !((p >> high) & 1);
    const int64_t column = negative ? p : q;
    const int64_t below = column & ((int64_t{1} << high) - 1);
    const int64_t number = ((column >> (high + 1)) << high) | below;
    return static_cast<int32_t>(2 * (x * half + number) + negative);
}

}  // namespace

StochasticProgram::StochasticProgram(std::vector<int32_t> data, std::vector<int32_t> partners,
                                     bool r_about_y, int32_t n_angles,
                                     const std::vector<int32_t>& firsts,
                                     std::vector<StochasticBlock> blocks)
    : n_(static_cast<int>(partners.size())),
      data_(std::move(data)),
      partners_(std::move(partners)),
      blocks_(std::move(blocks)) {
    check(n_angles, firsts);
    for (int q = 0; q + 1 < n_; ++q) add_pair(q);
    for (size_t b = 0; b < blocks_.size(); ++b) blocks_[b].pair = firsts[b];
    for (size_t q = 0; q < tables_.size(); ++q) {
        const Tables& t = tables_[q];
        StochasticPair& pair = pairs_[q];
        pair.rows = t.rows.data();
        pair.even = t.even.data();
        pair.odd = t.odd.data();
        pair.n_rows = static_cast<int32_t>(t.rows.size());
        pair.n_even = static_cast<int32_t>(t.even.size());
        pair.n_odd = static_cast<int32_t>(t.odd.size());
    }
    add_tokens();
    add_places();
    add_strings();
    view_ = {n_,
             static_cast<int32_t>(data_.size()),
             n_angles,
             static_cast<int32_t>(blocks_.size()),
             r_about_y,
             pairs_.data(),
             blocks_.data(),
             tokens_.data(),
             states_.data(),
             places_.data(),
             strings_.data()};
}

void StochasticProgram::check(int32_t n_angles, const std::vector<int32_t>& firsts) const {
    bool fits = n_ >= 3 && n_ <= most_stochastic_qubits && !data_.empty() &&
                static_cast<int>(data_.size()) + 2 <= n_ && firsts.size() == blocks_.size();
    for (int q = 0; q < n_ && fits; ++q) {
        const int other = partners_[q];
        fits = other == -1 || (other >= 0 && other < n_ && other != q && partners_[other] == q);
        if (q > 0) fits = fits && (other == -1) != (partners_[q - 1] == -1);
    }
    for (const int32_t q : data_) fits = fits && q >= 0 && q < n_ && partners_[q] == -1;
    for (const int32_t q : firsts) fits = fits && q >= 0 && q + 1 < n_;
    for (const StochasticBlock& block : blocks_)
        for (const int32_t slot : block.slots) fits = fits && slot >= -1 && slot < n_angles;
    if (!fits) throw std::invalid_argument("not a line of qubits whose matrix is real");
}

// An odd letter is one that changes its sign as the matrix is conjugated; of the generators and
// of all strings that their commutators lead to, the number is odd.
int StochasticProgram::odd_letters(int64_t string) const {
    int count = 0;
    for (int q = 0; q < n_; ++q) {
        const int letter = digit(string, q);
        count += partners_[q] == -1 ? letter == 2 : letter != 0;
    }
    return count;
}

void StochasticProgram::add_pair(int first) {
    const int d = partners_[first] == -1 ? first : first + 1, r = 2 * first + 1 - d;
    StochasticPair pair{};
    pair.bits[0] = 1 << d;
    pair.bits[1] = 1 << r;
    pair.bits[2] = 1 << partners_[r];
    pair.d_stride = 1 << (2 * d);
    pair.r_stride = 1 << (2 * r);
    Tables tables;
    const int32_t mixed = pair.bits[0] | pair.bits[1] | pair.bits[2];
    for (int32_t row = 0; row < 1 << n_; ++row)
        if (!(row & mixed)) tables.rows.push_back(row);
    for (int32_t string = 0; string < 1 << (2 * n_); ++string)
        if (!digit(string, d) && !digit(string, r))
            (odd_letters(string) % 2 ? tables.odd : tables.even).push_back(string);
    tables_.push_back(std::move(tables));
    pairs_.push_back(pair);
}

void StochasticProgram::add_tokens() {
    const int32_t dim = 1 << n_, tokens = 1 << data_.size();
    for (int32_t row = 0; row < dim; ++row) {
        int32_t token = 0;
        for (size_t bit = 0; bit < data_.size(); ++bit) token |= ((row >> data_[bit]) & 1) << bit;
        tokens_.push_back(token);
    }
    for (int32_t token = 0; token < tokens; ++token)
        for (int32_t row = 0; row < dim; ++row)
            if (tokens_[row] == token) states_.push_back(row);
}

void StochasticProgram::add_places() {
    const int64_t dim = int64_t{1} << n_, tokens = int64_t{1} << data_.size(), each = dim / tokens;
    for (int64_t i = 0; i < tokens; ++i)
        for (int64_t j = i + 1; j < tokens; ++j)
            for (int64_t p = 0; p < each; ++p)
                for (int64_t q = 0; q < each; ++q)
                    places_.push_back(
                        place_of(states_[i * each + p], states_[j * each + q], dim / 2));
}

void StochasticProgram::add_strings() {
    const int64_t dim = int64_t{1} << n_, half = dim / 2;
    strings_.assign(dim * half, 0);
    for (int64_t x = 1; x < dim; ++x) {
        const int high = 63 - __builtin_clzll(static_cast<uint64_t>(x));
        for (int64_t k = 0; k < half; ++k) {
            const int64_t below = k & ((int64_t{1} << high) - 1);
            int64_t z = ((k >> high) << (high + 1)) | below;
            if (!parity_of(x & z)) z |= int64_t{1} << high;  // an odd number of Y
            strings_[x * half + k] = string_of(x, z);
        }
    }
}

// What the string R with the bits x and z of the turned basis is in the first one, W^-1 R W, which
// is R or -i R YY; and the sign of -i R where it stands in column 0.
int32_t StochasticProgram::string_of(int64_t x, int64_t z) const {
    int power = __builtin_popcountll(static_cast<uint64_t>(x & z)) - 1;  // of i
    int64_t letters = 0;
    for (int q = 0; q < n_; ++q) {
        const int flips = (x >> q) & 1, signs = (z >> q) & 1;
        letters |= int64_t{flips ? (signs ? 2 : 1) : (signs ? 3 : 0)} << (2 * q);
    }
    for (int q = 0; q < n_; ++q) {
        const int other = partners_[q];
        if (other <= q) continue;
        const int first = digit(letters, q), second = digit(letters, other);
        const bool commutes = (first == 0 || first == 2) == (second == 0 || second == 2);
        if (commutes) continue;
        power += 3 + phase(first, 2) + phase(second, 2);
        letters ^= (int64_t{2} << (2 * q)) | (int64_t{2} << (2 * other));
    }
    return static_cast<int32_t>(2 * letters + (power % 4 == 2));
}

}  // namespace ketwork
