#include "view.hpp"

#include <cstdlib>
#include <new>

#include "program.hpp"

namespace ketwork {

Segments segments_of(const ProgramView& view, int32_t lane_qubits, int32_t tile_qubits) {
    Program& program = *view.program;
    std::lock_guard<std::mutex> lock(program.mutex);
    const auto key = std::make_pair(lane_qubits, tile_qubits);
    auto found = program.plans.find(key);
    if (found == program.plans.end())
        found = program.plans.emplace(key, make_plan(program, lane_qubits, tile_qubits)).first;
    const std::vector<Segment>& segments = found->second.segments;
    return {segments.data(), static_cast<int64_t>(segments.size())};
}

void* allocate(size_t bytes) {
    constexpr size_t line = 128;
    void* memory = nullptr;
    if (bytes > SIZE_MAX - line || posix_memalign(&memory, line, bytes + line - bytes % line) != 0)
        throw std::bad_alloc();
    return memory;
}

void release(void* memory) { std::free(memory); }

}  // namespace ketwork
