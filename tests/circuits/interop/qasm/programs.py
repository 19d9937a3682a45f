"""Valid programs that use every construct; Qiskit reads all of them too, unless listed below."""

from __future__ import annotations

_2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
_3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'

VERSION_2 = {
    "builtins": "OPENQASM 2.0; qreg q[2]; U(0.1,0.2,0.3) q[0]; CX q[0],q[1]; U(1,2,3) q;",
    "original header": _2
    + """qreg q[3];
    u3(0.1,0.2,0.3) q[0]; u2(0.4,0.5) q[1]; u1(0.6) q[2]; cx q[0],q[1]; id q[0]; x q[0]; y q[1];
    z q[2]; h q[0]; s q[1]; sdg q[2]; t q[0]; tdg q[1]; rx(0.7) q[2]; ry(0.8) q[0]; rz(0.9) q[1];
    cz q[0],q[2]; cy q[2],q[1]; ch q[1],q[0]; ccx q[2],q[0],q[1]; crz(1.1) q[0],q[1];
    cu1(1.2) q[2],q[0]; cu3(1.3,1.4,1.5) q[1],q[2];""",
    "longer header": _2
    + """qreg q[5]; h q;
    u(0.1,0.2,0.3) q[0]; p(0.4) q[1]; sx q[2]; sxdg q[3]; swap q[0],q[4]; cswap q[1],q[2],q[3];
    crx(0.5) q[0],q[1]; cry(0.6) q[2],q[3]; cp(0.7) q[4],q[0]; csx q[1],q[2];
    cu(0.8,0.9,1.0,1.1) q[3],q[4]; rxx(1.2) q[0],q[2]; rzz(1.3) q[1],q[3]; rccx q[4],q[2],q[0];
    rc3x q[0],q[1],q[2],q[3]; c3x q[4],q[3],q[2],q[1]; c3sqrtx q[1],q[0],q[3],q[4];
    c4x q[2],q[3],q[4],q[0],q[1]; u0(1) q[0];""",
    "definitions": _2
    + """// a comment
    gate inner(a, b) x, y { rx(a*2 - b^2/3) x; cx x, y; barrier x, y; u3(a, -b, pi/2) y; }
    gate outer(t) x, y, z { inner(t, sin(t)) y, x; inner(-t, 1) z, y; id x; }
    gate nothing a, b { }
    gate empty() a { }
    qreg a[2]; qreg b[1];
    outer(0.3) a[0], b[0], a[1]; nothing a[0], a[1]; empty() b[0]; outer(pi) b[0], a[0], a[1];""",
    "expressions": _2
    + """qreg q[1];
    p(-2^2) q[0]; p(2^-1) q[0]; p(2^3^2) q[0]; p(--1) q[0]; p(1-1-1) q[0]; p(8/2/2) q[0];
    p(2-3^2*2) q[0]; p(2*-3) q[0]; p(2^-1^2) q[0]; p((((1)))) q[0]; p(.5) q[0]; p(1.) q[0];
    p(1.5e-3+2E2) q[0]; p(sin(pi/7)^2 + cos(1)*tan(2) - exp(-1)/ln(3) + sqrt(2)) q[0];
    p(-(1+2)*3) q[0]; p(1/3) q[0]; p(7/2) q[0];""",
    "broadcasting": _2
    + """qreg a[2]; qreg b[2]; qreg c[1];
    h a; cx a, b; cx c[0], a; cx a, c[0]; cu1(0.3) b, a; barrier a, c; barrier b[1]; rz(0.2) b;""",
    "measurements": _2
    + """qreg q[3]; creg c[2]; creg d[2];
    h q[0]; cx q[0], q[1]; measure q[0] -> d[1]; h q[2]; barrier q; measure q[2] -> c[0];""",
    "own gates of standard names": _2
    + "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; } qreg q[2]; h q; rzz(0.3) q[0], q[1];",
}

VERSION_3 = {
    "builtins": "OPENQASM 3.0; qubit[2] q; U(0.1, 0.2, 0.3) q[0]; gphase(0.7); "
    "ctrl @ U(1.0, 2.0, 3.0) q[0], q[1];",
    "header": _3
    + """qubit[3] q;
    p(0.1) q[0]; x q[1]; y q[2]; z q[0]; h q; s q[0]; sdg q[1]; t q[2]; tdg q[0]; sx q[1];
    rx(0.2) q[0]; ry(0.3) q[1]; rz(0.4) q[2]; cx q[0], q[1]; cy q[1], q[2]; cz q[2], q[0];
    cp(0.5) q[0], q[2]; crx(0.6) q[1], q[0]; cry(0.7) q[2], q[1]; crz(0.8) q[0], q[1];
    ch q[1], q[2]; swap q[0], q[2]; ccx q[2], q[1], q[0]; cswap q[0], q[1], q[2];
    cu(0.1, 0.2, 0.3, 0.4) q[0], q[1]; CX q[1], q[2]; phase(0.5) q[0]; cphase(0.6) q[0], q[1];
    id q[2]; u1(0.7) q[0]; u2(0.8, 0.9) q[1]; u3(1.0, 1.1, 1.2) q[2];""",
    "modifiers": _3
    + """qubit[4] q; h q;
    ctrl @ x q[0], q[1]; negctrl @ x q[1], q[2]; ctrl(2) @ rz(0.3) q[3], q[0], q[1];
    ctrl @ negctrl @ sx q[0], q[1], q[2]; negctrl(2) @ y q[1], q[3], q[0]; inv @ sx q[0];
    inv @ U(0.1, 0.2, 0.3) q[1]; pow(3) @ t q[2]; pow(-2) @ s q[3]; pow(0) @ x q[0];
    inv @ ctrl @ pow(2) @ u2(0.4, 0.5) q[0], q[3]; ctrl @ inv @ s q[1], q[2];
    pow(2) @ ctrl @ sx q[2], q[3]; ctrl @ ctrl @ ctrl @ x q[0], q[1], q[2], q[3];
    ctrl @ gphase(0.3) q[1]; ctrl(2) @ gphase(0.4) q[0], q[2]; negctrl @ gphase(0.5) q[3];
    pow(0.5) @ x q[0]; pow(0.25) @ cx q[1], q[0]; pow(0.5) @ z q[2]; pow(1.5) @ rx(0.8) q[1];
    ctrl @ pow(0.5) @ h q[2], q[3];""",
    "definitions": _3
    + """
    gate inner(a, b) x, y { rx(a*2.0 - b/3) x; gphase(a/2); cx x, y; U(a, -b, pi/2) y; }
    gate outer(t) x, y, z { inner(t, 0.5) y, x; ctrl @ inner(0.2, 0.6) z, y, x;
        inv @ inner(t, t) x, z; }
    qubit[3] q;
    h q; outer(0.3) q[0], q[1], q[2]; ctrl @ inner(0.1, 0.2) q[2], q[0], q[1];
    pow(2) @ outer(0.4) q[1], q[2], q[0]; inv @ outer(0.7) q[2], q[0], q[1];""",
    "registers": _3
    + """qubit[5] q; qubit single; qreg old[2]; bit[2] c; creg d[1];
    let evens = q[0:2:4]; let joined = q[{1, 3}] ++ old; let tail = q[3:4];
    h evens; x joined[0:1]; cx evens[0], single; rx(0.3) joined[3]; y tail[1]; cx q[0:1], old;
    c[0] = measure q[1]; measure old[0] -> d[0];""",
    "physical qubits": _3 + "h $0; cx $0, $2; rz(0.1) $1;",
    "angles": _3
    + """qubit q;
    rx(pi) q; ry(π/2) q; rz(tau/8) q; rx(euler - ℇ + τ) q; rx(-pi/4) q; ry(3*pi/8) q; rx(7/2) q;
    rz(2*(1 + 0.5)) q; rx(1_000.5/1e3) q; ry(.5e1) q; rx(0x1F) q; ry(0b101) q; rz(0o17) q;""",
    "comments": _3 + "/* many\n * lines **/ qubit q; // one\nx q; /**/",
}

# Legal programs that Qiskit's importer does not read, with an equal program that it does read.
NOT_IN_QISKIT = {
    "constants": (
        _3
        + """const int n = 3; const uint[8] m = 2**2 - 3; const float[64] a = pi/n;
        const angle b = 2;
        qubit[n] q; rx(a*m) q[n - 1]; ry(sin(a)**2 + mod(7, 4) + pow(2, 3)) q[m]; rz(b % 3) q[0];
        gate g(t) x { rx(t*a) x; } g(0.5) q[0]; rx(-2**2) q[1]; rx(float(7)/2) q[1];""",
        _3 + "qubit[3] q; rx(1.0471975511965976) q[2]; ry(11.75) q[1]; rz(2.0) q[0]; "
        "rx(0.5235987755982988) q[0]; rx(-4.0) q[1]; rx(3.5) q[1];",
    ),
    "loops": (
        _3
        + """qubit[4] q; bit[4] c;
        for int i in [0:2] { h q[i]; cx q[i], q[i + 1]; }
        for uint k in {3, 0} rz(k*0.1) q[k];
        for int i in [3:-2:0] { for float t in {0.5, 1} { rx(t*i) q[i]; } }
        for int i in [2:1] { x q[0]; }
        for int i in [0:3] { c[i] = measure q[i]; }""",
        _3 + "qubit[4] q; h q[0]; cx q[0], q[1]; h q[1]; cx q[1], q[2]; h q[2]; cx q[2], q[3]; "
        "rz(0.30000000000000004) q[3]; rz(0.0) q[0]; rx(1.5) q[3]; rx(3.0) q[3]; rx(0.5) q[1]; "
        "rx(1.0) q[1];",
    ),
    "loops in definitions": (
        _3 + "gate g(t) a, b { for int i in [1:3] { rx(t/i) a; pow(i) @ ry(0.1) b; } } "
        "qubit[2] q; g(0.6) q[1], q[0];",
        _3 + "qubit[2] q; rx(0.6) q[1]; ry(0.1) q[0]; rx(0.3) q[1]; ry(0.2) q[0]; "
        "rx(0.19999999999999998) q[1]; ry(0.30000000000000004) q[0];",
    ),
    "negative indices": (
        _3 + "qubit[4] q; let tail = q[-2:-1]; x tail[0]; h tail[-1]; y q[-4]; z q[:-3]; s q[2:];",
        _3 + "qubit[4] q; x q[2]; h q[3]; y q[0]; z q[0]; z q[1]; s q[2]; s q[3];",
    ),
    "controlled definitions": (
        _3 + "gate f(t) a { rx(t) a; gphase(t/2); } gate g(t) a, b { ctrl @ f(2*t) b, a; } "
        "qubit[2] q; h q; g(0.3) q[0], q[1];",
        _3 + "qubit[2] q; h q; crx(0.6) q[1], q[0]; p(0.3) q[1];",
    ),
    "timing": (
        _3 + "const duration d = 100ns; qubit[2] q; h q; box { x q[0]; barrier q; } "
        "delay[2*d + 1us] q; delay[.5ms] q[0];",
        _3 + "qubit[2] q; h q; x q[0];",
    ),
    "annotations": (
        _3 + "@some.tool anything at all }\nqubit q;\n@other\nx q;",
        _3 + "qubit q; x q;",
    ),
}
PROGRAMS = {
    **{f"2: {name}": text for name, text in VERSION_2.items()},
    **{f"3: {name}": text for name, text in VERSION_3.items()},
    **{f"3: {name}": text for name, (text, _) in NOT_IN_QISKIT.items()},
    "3: inputs": _3 + "input array[float[64], 2, 2] w; input angle a; qubit[2] q; "
    "rx(w[0, 1]*a - 2*w[1, -1]/3 + pi) q[0]; ry((a + 1)**2) q[1]; ctrl @ rz(-a) q[0], q[1];",
}
