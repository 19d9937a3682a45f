"""tensorcircuit-ng on JAX: `jit`, `vmap` over the batch, `value_and_grad`, `scan` over layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from qml.bench.peers.base import LEARNING_RATE, Peer, Results
from qml.bench.workloads import Data, Term, Workload, big_endian, pauli_factors

_METHODS = {
    "rx": ("rx", ("theta",)),
    "ry": ("ry", ("theta",)),
    "rz": ("rz", ("theta",)),
    "cx": ("cnot", ()),
    "x": ("x", ()),
    "u3": ("u", ("theta", "phi", "lbd")),
    "crx": ("crx", ("theta",)),
    "crz": ("crz", ("theta",)),
}


@final
class TensorCircuit(Peer):
    """Double precision on the CPU; expectation values from the final state's probabilities."""

    gates = frozenset(_METHODS)
    amplitude = True

    def __init__(self) -> None:
        import jax
        import tensorcircuit

        jax.config.update("jax_enable_x64", True)
        tensorcircuit.set_backend("jax")
        tensorcircuit.set_dtype("complex128")
        self.jax, self.tc = jax, tensorcircuit

    def settings(self, work: Workload) -> str:
        scan = ", lax.scan over the layers" if work.repeats > 1 else ""
        return f"JAX, complex128, jit(vmap + value_and_grad){scan}"

    def prepare(self, work: Workload, data: Data) -> Callable[[], Any]:
        jax, np_ = self.jax, self.jax.numpy
        outputs = jax.vmap(self._outputs(work), (0, None))

        def loss(x: Any, w: Any, cotangents: Any, labels: Any) -> Any:
            values = outputs(x, w)
            if not work.training:
                return (values * cotangents).sum(), values
            p = np_.clip((1 + values[:, 0]) / 2, 1e-6, 1 - 1e-6)
            return -(labels * np_.log(p) + (1 - labels) * np_.log(1 - p)).mean(), values

        arguments = 1 if work.training or not work.n_inputs else (0, 1)
        gradient = jax.value_and_grad(loss, argnums=arguments, has_aux=True)

        @jax.jit
        def compiled(x: Any, w: Any, cotangents: Any, labels: Any) -> Any:
            (_, values), found = gradient(x, w, cotangents, labels)
            found = found if isinstance(found, tuple) else (None, found)
            updated = w - LEARNING_RATE * found[1] if work.training else w
            return values, found, updated

        x, *rest = (np_.asarray(array) for array in data)
        if work.amplitude:
            x = np_.asarray(big_endian(data.x))
        held = {"w": rest[0]}

        def step() -> Any:
            values, found, held["w"] = compiled(x, held["w"], *rest[1:])
            return jax.block_until_ready((values, found))

        return step

    def _outputs(self, work: Workload) -> Callable[[Any, Any], Any]:
        jax, tc, n = self.jax, self.tc, work.n_qubits

        def apply(circuit: Any, instructions: Any, x: Any, w: Any) -> None:
            for name, qubits, slots in instructions:
                method, names = _METHODS[name]
                angles = [(x if kind == "x" else w)[index] for kind, index in slots]
                getattr(circuit, method)(*qubits, **dict(zip(names, angles, strict=True)))

        def outputs(x: Any, w: Any) -> Any:
            state = x.astype("complex128") if work.amplitude else tc.Circuit(n).state()
            if work.repeats:

                def layer(state: Any, w: Any) -> Any:
                    circuit = tc.Circuit(n, inputs=state)
                    apply(circuit, work.block, x, w)
                    return circuit.state(), None

                size = work.repeats * work.stride
                state, _ = jax.lax.scan(layer, state, w[:size].reshape(work.repeats, work.stride))
            if work.tail:
                circuit = tc.Circuit(n, inputs=state)
                apply(circuit, work.tail, x, w)
                state = circuit.state()
            return self.jax.numpy.stack([self._expectation(t, state, n) for t in work.observables])

        return outputs

    def _expectation(self, terms: tuple[Term, ...], state: Any, n: int) -> Any:
        """Sums over the state: a Z flips the sign of half of it, an X flips an axis."""
        np_ = self.jax.numpy
        tensor = state.reshape((2,) * n)
        probabilities = np_.abs(tensor) ** 2
        total = 0.0
        for coefficient, label in terms:
            factors = pauli_factors(label)
            if all(letter == "Z" for letter, _ in factors):
                kept = [q for _, q in factors]
                marginal = probabilities.sum([q for q in range(n) if q not in kept])
                signs = np.array([1.0, -1.0])
                for _ in kept:
                    marginal = np_.tensordot(marginal, signs, ([0], [0]))
                total += coefficient * marginal
            else:
                flipped = np_.flip(tensor, [q for _, q in factors])
                total += coefficient * np_.real(np_.vdot(tensor, flipped))
        return total

    def results(self, raw: Any) -> Results:
        values, (inputs, weights) = raw
        found = {"values": np.asarray(values), "weights": np.asarray(weights)}
        if inputs is not None:
            found["inputs"] = np.asarray(inputs)
        return found
