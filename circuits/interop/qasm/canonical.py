"""The gate definitions that our exports write for gates without a standard name.

A reader of the export needs them. When we read one back and its body is exactly ours, it is taken
for our own gate, so that a round trip keeps the gate instead of its parts.
"""

from __future__ import annotations

import functools

from circuits.interop.qasm.body import Recogniser
from circuits.interop.qasm.limits import Budget, Limits
from circuits.interop.qasm.source import Source

_RZX = "gate rzx(theta) a, b { h b; cx a, b; rz(theta) b; cx a, b; h b; }"
_RYY = (
    "gate ryy(theta) a, b "
    "{ rx(pi/2) a; rx(pi/2) b; cx a, b; rz(theta) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; }"
)
_ISWAP = "gate iswap a, b { s a; s b; h a; cx a, b; cx b, a; h b; }"
_ECR = "gate ecr a, b { rzx(pi/4) a, b; x a; rzx(-pi/4) a, b; }"

DEFINITIONS: dict[int, dict[str, str]] = {
    2: {
        "rzx": _RZX,
        "ryy": _RYY,
        "iswap": _ISWAP,
        "ecr": _ECR,
        "cs": "gate cs a, b { t a; cx a, b; tdg b; cx a, b; t b; }",
        "csdg": "gate csdg a, b { tdg a; cx a, b; t b; cx a, b; tdg b; }",
        "ccz": "gate ccz a, b, c { h c; ccx a, b, c; h c; }",
    },
    3: {
        "rxx": "gate rxx(theta) a, b { h a; h b; cx a, b; rz(theta) b; cx a, b; h a; h b; }",
        "rzz": "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }",
        "rzx": _RZX,
        "ryy": _RYY,
        "iswap": _ISWAP,
        "ecr": _ECR,
        "rccx": "gate rccx a, b, c "
        "{ h c; t c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; h c; }",
        "rc3x": "gate rc3x a, b, c, d "
        "{ h d; t d; cx c, d; tdg d; h d; cx a, d; t d; cx b, d; tdg d; cx a, d; t d; cx b, d; "
        "tdg d; h d; t d; cx c, d; tdg d; h d; }",
    },
}
NEEDS = {"ecr": ("rzx",)}
HEADERS = {
    2: 'OPENQASM 2.0;\ninclude "qelib1.inc";\n',
    3: 'OPENQASM 3.0;\ninclude "stdgates.inc";\n',
}


@functools.cache
def recogniser(version: int) -> Recogniser:
    """Recognises the definitions above, learned by reading them."""
    from circuits.interop.qasm import version2, version3
    from circuits.interop.qasm.lexer import read_header

    register = "qreg q[1];" if version == 2 else "qubit q;"
    text = HEADERS[version] + "\n".join((*DEFINITIONS[version].values(), register))
    source = Source(text)
    learning = Recogniser(learning=True)
    reader = version2.read if version == 2 else version3.read
    reader(source, Budget(Limits(), source), read_header(source)[1], learning)
    return Recogniser(learning.known)
