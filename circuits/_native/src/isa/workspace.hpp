// Memory that a worker keeps while it runs through the groups or tiles of a call.
#pragma once

#include "lanes.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
class Buffer {  // grows, never keeps its content when it does
   public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { release(data_); }

    T* get(int64_t wanted) {
        if (wanted > size_) {
            release(data_);
            data_ = nullptr;
            size_ = 0;
            data_ = static_cast<T*>(allocate(static_cast<size_t>(wanted) * sizeof(T)));
            size_ = wanted;
        }
        return data_;
    }

    T* zeros(int64_t wanted) {
        T* data = get(wanted);
        std::memset(static_cast<void*>(data), 0, static_cast<size_t>(wanted) * sizeof(T));
        return data;
    }

    T* data() const { return data_; }

   private:
    T* data_ = nullptr;
    int64_t size_ = 0;
};

template <class L>
struct Half {  // cosine and sine of half an angle
    typename L::V c, s;
};

template <class L>
struct Matrix {  // re, im of the entries 00, 01, 10, 11
    typename L::V m[8];
};

// Im <lambda|P|psi> for the Pauli matrices of a qubit and the identity.
template <class L>
struct Overlap {
    typename L::V x, y, z, id;
};

template <class L>
struct Workspace {
    Buffer<Row<L>> state, costate, spare;
    Buffer<Half<L>> halves;               // one per slot
    Buffer<Matrix<L>> matrices;           // one per chain
    Buffer<Overlap<L>> overlaps;          // one per chain
    Buffer<typename L::V> slopes;         // derivative by the angle of each slot
    Buffer<typename L::V> terms;          // value or weight of each term
    Buffer<Row<L>> corner;                // amplitudes that a dense matrix mixes
    bool begun = false;
};

template <class L>
class Workspaces {  // one per worker
   public:
    explicit Workspaces(int count) : spaces_(new Workspace<L>[count]) {}
    Workspaces(const Workspaces&) = delete;
    Workspaces& operator=(const Workspaces&) = delete;
    ~Workspaces() { delete[] spaces_; }
    Workspace<L>& operator[](int worker) { return spaces_[worker]; }

   private:
    Workspace<L>* spaces_;
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
