// Angles that are equal, such as an input that is encoded again in every layer, are bound once.
#include <string>
#include <unordered_map>

#include "program.hpp"

namespace ketwork {
namespace {

// What an angle is computed from, as bytes.
std::string contents(const AngleTable& table, size_t angle) {
    std::string bytes;
    const auto add = [&](const void* data, size_t size) {
        bytes.append(static_cast<const char*>(data), size);
    };
    const int32_t first = table.first_term[angle], last = table.first_term[angle + 1];
    const size_t count = static_cast<size_t>(last - first);
    add(&table.constants[angle], sizeof(double));
    add(table.coefficients.data() + first, count * sizeof(double));
    add(table.factors.data() + first * table.degree, count * table.degree * sizeof(int32_t));
    return bytes;
}

// The table without repetitions; `place` gains the new number of each angle.
AngleTable distinct(const AngleTable& table, std::vector<int64_t>& place, int64_t offset) {
    AngleTable out;
    out.degree = table.degree;
    out.first_term = {0};
    std::unordered_map<std::string, int64_t> seen;
    for (size_t angle = 0; angle < table.constants.size(); ++angle) {
        const auto number = static_cast<int64_t>(out.constants.size());
        const auto [found, fresh] = seen.emplace(contents(table, angle), number);
        place.push_back(offset + found->second);
        if (!fresh) continue;
        const int32_t first = table.first_term[angle], last = table.first_term[angle + 1];
        out.constants.push_back(table.constants[angle]);
        out.coefficients.insert(out.coefficients.end(), table.coefficients.begin() + first,
                                table.coefficients.begin() + last);
        out.factors.insert(out.factors.end(), table.factors.begin() + first * table.degree,
                           table.factors.begin() + last * table.degree);
        out.first_term.push_back(static_cast<int32_t>(out.coefficients.size()));
    }
    return out;
}

}  // namespace

void merge_equal_angles(Program& program, std::vector<Primitive>& primitives) {
    std::vector<int64_t> place;
    program.shared = distinct(program.shared, place, 0);
    const auto offset = static_cast<int64_t>(program.shared.constants.size());
    program.varying = distinct(program.varying, place, offset);
    for (Primitive& g : primitives)
        if (g.slot >= 0) g.slot = place[g.slot];
}

}  // namespace ketwork
