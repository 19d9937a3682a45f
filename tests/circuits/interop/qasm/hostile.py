"""Programs that try to read files, hang, exhaust memory, or crash the reader."""

from __future__ import annotations

_2 = 'OPENQASM 2.0; include "qelib1.inc"; '
_3 = 'OPENQASM 3.0; include "stdgates.inc"; '
_REGISTERS = "qreg q[2]; creg c[2]; "
_QUBITS = "qubit[2] q; bit[2] c; "


def _doubling(levels: int, leaf: str, parameters: str = "", use: str = "") -> str:
    text = f"gate d0{parameters} a {{ {leaf} }} "
    for k in range(levels):
        call = f"d{k}{use} a; "
        text += f"gate d{k + 1}{parameters} a {{ {call}{call}}} "
    return text


def _loops(depth: int, size: int, body: str) -> str:
    opened = "".join(f"for int i{k} in [1:{size}] {{ " for k in range(depth))
    return opened + body + " }" * depth


VERSION_2 = {
    "include of a system file": 'OPENQASM 2.0; include "/etc/passwd"; qreg q[1];',
    "include of a parent path": 'OPENQASM 2.0; include "../../secret.inc"; qreg q[1];',
    "include of a device": 'OPENQASM 2.0; include "/dev/zero"; qreg q[1];',
    "include with a path before the header": 'OPENQASM 2.0; include "/tmp/qelib1.inc"; qreg q[1];',
    "include of a url": 'OPENQASM 2.0; include "http://localhost/qelib1.inc"; qreg q[1];',
    "doubling definitions": _2 + _doubling(20, "x a;") + "qreg q[1]; d20 q[0];",
    "doubling empty definitions": _2 + _doubling(60, "") + "qreg q[1]; d60 q[0];",
    "doubling definitions at the limit": _2 + _doubling(16, "rx(1/0) a;") + "qreg q[1]; d16 q[0];",
    "doubling with a late error": _2
    + _doubling(15, "x a;")
    + "gate f(t) a { d15 a; rx(ln(t)) a; } qreg q[1]; f(-1) q[0];",
    "deep chain of definitions": _2
    + "gate d0 a { x a; } "
    + "".join(f"gate d{k + 1} a {{ d{k} a; }} " for k in range(1500))
    + "qreg q[1]; d1500 q[0];",
    "wide body times wide use": _2 + "gate w a { " + "x a; " * 5000 + "} qreg q[4000]; w q;",
    "expression in a doubled body": _2
    + _doubling(13, "rx(" + "t+" * 1500 + "t) a;", "(t)", "(t)")
    + "qreg q[1]; d13(1) q[0];",
    "huge register": "OPENQASM 2.0; qreg q[100000000];",
    "register beyond machine integers": "OPENQASM 2.0; qreg q[99999999999999999999999999999999];",
    "register size of many digits": f"OPENQASM 2.0; qreg q[{'9' * 100_000}];",
    "huge classical register": "OPENQASM 2.0; qreg q[1]; creg c[100000000];",
    "many registers": "OPENQASM 2.0; " + "".join(f"qreg q{k}[1000];" for k in range(20_000)),
    "many tiny registers": "OPENQASM 2.0; " + "".join(f"creg c{k}[1];" for k in range(50_000)),
    "infinite power": _2 + _REGISTERS + "rx(9^9^9^9) q[0];",
    "infinite product": _2 + _REGISTERS + "rx(1e308*1e308) q[0];",
    "infinite literal": _2 + _REGISTERS + "rx(1e999) q[0];",
    "long literal": _2 + _REGISTERS + f"rx({'7' * 200_000}) q[0];",
    "division by zero": _2 + _REGISTERS + "rx(1/(1-1)) q[0];",
    "zero to a negative power": _2 + _REGISTERS + "rx(0^-1) q[0];",
    "complex power": _2 + _REGISTERS + "rx((-8)^(1/3)) q[0];",
    "logarithm of zero": _2 + _REGISTERS + "rx(ln(0)) q[0];",
    "root of a negative number": _2 + _REGISTERS + "rx(sqrt(-1)) q[0];",
    "exponential overflow": _2 + _REGISTERS + "rx(exp(exp(exp(9)))) q[0];",
    "deep parentheses": _2 + _REGISTERS + f"rx({'(' * 100_000}1{')' * 100_000}) q[0];",
    "unclosed parentheses": _2 + _REGISTERS + "rx(" + "(" * 100_000,
    "deep functions": _2 + _REGISTERS + f"rx({'sin(' * 50_000}1{')' * 50_000}) q[0];",
    "many signs": _2 + _REGISTERS + f"rx({'-' * 500_000}1) q[0];",
    "long sum": _2 + _REGISTERS + f"rx({'1+' * 300_000}1) q[0];",
    "tower of powers": _2 + _REGISTERS + f"rx({'2^' * 100_000}1) q[0];",
    "broadcast of a large definition": _2
    + _doubling(10, "x a;")
    + "qreg q[4096]; d10 q; d10 q; d10 q; d10 q;",
    "many barriers on a large register": _2 + "qreg q[4096]; " + "barrier q; " * 80_000,
    "many long expressions": _2 + _REGISTERS + ("rx(" + "1+" * 900 + "1) q[0]; ") * 530 + "x q[2];",
    "many statements": _2 + _REGISTERS + "x q[0];" * 140_000,
    "text over the limit": _2 + _REGISTERS + " " * 2_000_000,
    "long comment": _2 + "//" + "x" * 900_000,
    "long identifier": _2 + f"qreg {'a' * 500_000}[1];",
    "many operands": _2 + _REGISTERS + "barrier " + "q[0]," * 180_000 + "q[0]",
    "many parameters": _2 + "gate f(" + ",".join(f"p{k}" for k in range(100_000)) + ") a {} ",
    "null bytes": _2 + "qreg q\0[1];",
    "control characters": "OPENQASM 2.0;\x01\x02\x03\x1b[31m",
    "lone surrogates": _2 + "qreg \ud800[1];",
    "look-alike letters": _2 + "qreg \u0430[1];",
    "right-to-left override": _2 + "qreg q[1]; \u202e x q[0];",
    "byte order mark inside": _2 + "\ufeffqreg q[1];",
    "unclosed string": 'OPENQASM 2.0; include "qelib1.inc; qreg q[1];',
    "unclosed body": _2 + "gate f a { x a; " * 20_000,
    "recursive definition": _2 + "gate f a { f a; } qreg q[1]; f q[0];",
    "mutual recursion": _2 + "gate f a { g a; } gate g a { f a; } qreg q[1]; f q[0];",
    "opaque gate used": _2 + "opaque f(t) a; qreg q[1]; f(1) q[0];",
    "reset": _2 + _REGISTERS + "x q[0];\nreset q[0];",
    "condition": _2 + _REGISTERS + "measure q[0] -> c[0];\nif (c == 1) x q[1];",
    "gate after measurement": _2 + _REGISTERS + "measure q -> c;\nx q[0];",
    "duplicate qubit": _2 + _REGISTERS + "cx q[0], q[0];",
    "index out of range": _2 + _REGISTERS + "x q[2];",
    "no qubits": _2,
    "empty text": "",
    "only blanks": " \n\t " * 100_000,
    "wrong version": "OPENQASM 4.0; qreg q[1];",
    "version of many digits": f"OPENQASM {'2' * 100_000}.0;",
    "binary": "\x7fELF\x02\x01\x01" + "\0" * 1000,
}

VERSION_3 = {
    "include of a system file": 'OPENQASM 3.0; include "/etc/passwd"; qubit q;',
    "include of another header": 'OPENQASM 3.0; include "qelib1.inc"; qubit q;',
    "calibration grammar": 'OPENQASM 3.0; defcalgrammar "openpulse"; qubit q;',
    "pragma": "OPENQASM 3.0; pragma include /etc/passwd\nqubit q;",
    "huge register": "OPENQASM 3.0; qubit[100000000] q;",
    "computed register": "OPENQASM 3.0; const int n = 10**9; qubit[n] q;",
    "negative register": "OPENQASM 3.0; qubit[-5] q;",
    "register of a fraction": "OPENQASM 3.0; qubit[1.5] q;",
    "huge classical register": "OPENQASM 3.0; qubit q; bit[1000000000] c;",
    "huge physical qubit": _3 + "x $999999999;",
    "physical qubit of many digits": _3 + f"x ${'9' * 200};",
    "huge integer power": "OPENQASM 3.0; const int n = 2**10**10; qubit q;",
    "integer power of powers": "OPENQASM 3.0; const int n = (2**60)**(2**60); qubit q;",
    "integer overflow": "OPENQASM 3.0; const int n = 2**62*2; qubit q;",
    "long hexadecimal": f"OPENQASM 3.0; const int n = 0x{'f' * 250}; qubit q;",
    "infinite angle": _3 + _QUBITS + "rx(9.0**9.0**9.0) q[0];",
    "infinite function": _3 + _QUBITS + "rx(tan(exp(1000))) q[0];",
    "modulo by zero": _3 + _QUBITS + "rx(mod(1, 0)) q[0];",
    "huge power modifier": _3 + _QUBITS + "pow(10**9) @ x q[0];",
    "hugest power modifier": _3 + _QUBITS + "pow(-(2**62)) @ x q[0];",
    "infinite power modifier": _3 + _QUBITS + "pow(1.0e300) @ x q[0];",
    "nested power modifiers": _3 + _QUBITS + "pow(9999) @ " * 30 + "x q[0];",
    "many power modifiers": _3 + _QUBITS + "pow(1) @ " * 50_000 + "x q[0];",
    "power of nothing": _3 + "gate e a {} " + _QUBITS + "pow(1.0e300) @ e q[0]; x q[5];",
    "fractional power of many qubits": _3
    + "qubit[9] q; ctrl(8) @ pow(0.5) @ x q[0],q[1],q[2],q[3],q[4],q[5],q[6],q[7],q[8];"
    + "gate w a,b,c,d { cx a,b; cx c,d; } pow(0.5) @ w q[0],q[1],q[2],q[3];",
    "fractional powers in a loop": _3 + _QUBITS + "for int i in [0:90000] { pow(0.3) @ h q[0]; }",
    "controls on controls": _3
    + _doubling(15, "h a;")
    + "qubit[17] q; "
    + "ctrl @ " * 16
    + "d15 "
    + ", ".join(f"q[{k}]" for k in range(17))
    + ";",
    "long expressions in a loop": _3
    + _QUBITS
    + f"for int i in [0:90000] {{ rx({'i+' * 900}i) q[0]; }}",
    "wide definitions": _3
    + "gate d0 "
    + (wide := ", ".join(f"a{k}" for k in range(1000)))
    + " { x a0; } "
    + "".join(f"gate d{k + 1} {wide} {{ d{k} {wide}; d{k} {wide}; }} " for k in range(14))
    + "qubit[1000] q; d14 "
    + ", ".join(f"q[{k}]" for k in range(1000))
    + ";",
    "many parameters and statements": _3
    + "gate f("
    + ",".join(f"p{k}" for k in range(4000))
    + ") a { "
    + "rx(p1) a; " * 80_000
    + "} qubit q;",
    "many statements": _3 + _QUBITS + "x q[0];" * 140_000,
    "many long expressions": _3 + _QUBITS + ("rx(" + "1+" * 900 + "1) q[0]; ") * 530 + "x q[2];",
    "huge control modifier": _3 + _QUBITS + "ctrl(10**6) @ x q[0], q[1];",
    "negative control modifier": _3 + _QUBITS + "ctrl(-1) @ x q[0];",
    "many control modifiers": _3 + _QUBITS + "ctrl @ " * 50_000 + "x q[0];",
    "symbolic control modifier": _3 + "input float n; " + _QUBITS + "ctrl(n) @ x q[0], q[1];",
    "doubling definitions": _3 + _doubling(20, "x a;") + "qubit q; d20 q;",
    "tower of powers in definitions": _3
    + "gate d0 a { x a; } "
    + "".join(f"gate d{k + 1} a {{ pow(1000) @ d{k} a; }} " for k in range(40))
    + "qubit q; d40 q;",
    "tower of zero powers": _3 + _doubling(30, "pow(0) @ x a;") + "qubit q; d30 q;",
    "giant loop": _3 + _QUBITS + "for int i in [0:10**15] { x q[0]; }",
    "giant empty loop": _3 + _QUBITS + "for int i in [0:10**12] { }",
    "loop beyond machine integers": _3 + _QUBITS + "for int i in [-2**62:2**62] { }",
    "giant loop downwards": _3 + _QUBITS + "for int i in [10**12:-1:0] { }",
    "loop with step zero": _3 + _QUBITS + "for int i in [0:0:5] { x q[0]; }",
    "nested loops": _3 + _QUBITS + _loops(6, 1000, "x q[0];"),
    "nested empty loops": _3 + _QUBITS + _loops(20, 10, ""),
    "deeply nested loops": _3 + _QUBITS + _loops(20_000, 1, "x q[0];"),
    "deeply nested single statements": _3 + _QUBITS + "for int i in [0:0] " * 30_000 + "x q[0];",
    "deeply nested boxes": _3 + _QUBITS + "box { " * 50_000,
    "boxes in a loop": _3 + _QUBITS + _loops(3, 90, "box { box { x q[0]; } }"),
    "loop in a definition": _3 + "gate f a { for int i in [0:10**9] { x a; } } qubit q; f q;",
    "loops in definitions": _3 + "gate f a { " + _loops(4, 300, "x a;") + " } qubit q; f q;",
    "giant slice": _3 + _QUBITS + "x q[0:10**15];",
    "giant slice backwards": _3 + _QUBITS + "x q[10**15:-1:0];",
    "giant set": _3 + _QUBITS + "x q[{" + "0," * 100_000 + "0}];",
    "aliases that grow": _3
    + _QUBITS
    + "let a0 = q; "
    + "".join(f"let a{k + 1} = a{k} ++ a{k}; " for k in range(60)),
    "huge input array": "OPENQASM 3.0; input array[float[64], 100000, 100000] w; qubit q;",
    "hugest input array": "OPENQASM 3.0; input array[float, 2**62, 2**62] w; qubit q;",
    "many inputs": "OPENQASM 3.0; " + "".join(f"input float a{k};" for k in range(30_000)),
    "annotated huge group": "OPENQASM 3.0;\n@ketwork.entry weight w[0] of (999999999)\n"
    "input float a; qubit q;",
    "annotated index out of range": "OPENQASM 3.0;\n@ketwork.entry weight w[5] of (2)\n"
    "input float a; qubit q;",
    "annotated with junk": "OPENQASM 3.0;\n@ketwork.entry " + "(" * 500_000 + "\ninput float a;",
    "polynomial of high degree": _3
    + "input float a; gate d0(t) q { rx(t) q; } "
    + "".join(f"gate d{k + 1}(t) q {{ d{k}(t*t) q; }} " for k in range(40))
    + "qubit q; d40(a) q;",
    "polynomial of many terms": _3
    + "input array[float, 40] w; qubit q; rx("
    + "*".join(["(" + "+".join(f"w[{k}]" for k in range(40)) + ")"] * 20)
    + ") q;",
    "symbolic power": _3 + "input float a; qubit q; rx((a+1)**100000000) q;",
    "long symbolic sums": _3
    + "input array[float, 900] w; qubit q; "
    + ("rx(" + "+".join(f"w[{k}]" for k in range(900)) + ") q; ") * 80,
    "division by an input": _3 + "input float a; qubit q; rx(1/a) q;",
    "sine of an input": _3 + "input float a; qubit q; rx(sin(a)) q;",
    "non-finite coefficient": _3 + "input float a; qubit q; rx(1.0e308*a*1.0e308) q;",
    "unclosed comment": "OPENQASM 3.0; /*" + "*" * 900_000,
    "unclosed block": _3 + "gate f a { x a; ",
    "null bytes": "OPENQASM 3.0; qubit\0 q;",
    "combining characters": "OPENQASM 3.0; qubit q" + "\u0301" * 100_000 + ";",
    "unknown operator": _3 + _QUBITS + "rx(1 << 10**9) q[0];",
    "deep parentheses": _3 + _QUBITS + f"rx({'(' * 100_000}1{')' * 100_000}) q[0];",
    "condition": _3 + _QUBITS + "if (c[0]) { x q[0]; }",
    "loop on a condition": _3 + _QUBITS + "while (true) { x q[0]; }",
    "switch": _3 + _QUBITS + "switch (1) { case 1 { } }",
    "subroutine": _3 + "def f(qubit a) { f(a); } qubit q; f(q);",
    "external function": _3 + "extern f(int) -> int; qubit q;",
    "calibration": _3 + "defcal x $0 { } qubit q;",
    "reset": _3 + _QUBITS + "reset q;",
    "stretch": _3 + "stretch s; qubit q; delay[s] q;",
    "delay without length": _3 + _QUBITS + "delay[100dt] q;",
    "negative delay": _3 + _QUBITS + "delay[-5ns] q;",
    "classical variable": _3 + _QUBITS + "int i = 0;",
    "classical assignment": _3 + _QUBITS + "c[0] = 1;",
    "gate after measurement": _3 + _QUBITS + "c = measure q; x q[0];",
    "recursive definition": _3 + "gate f a { f a; } qubit q; f q;",
    "redefined header gate": _3 + "gate x a { } qubit q; x q;",
    "undefined alias": _3 + _QUBITS + "let a = b; x a;",
}
