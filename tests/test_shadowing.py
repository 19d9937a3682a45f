"""An unrelated distribution that takes one of our import names is named, with the remedy.

The last test does it for real: our built wheel in a fresh environment, a foreign wheel over it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import ketwork

ROOT = Path(__file__).parent.parent

# Start of a script that searches like a wheel install: an editable one has a finder that goes
# before sys.path. Then the empty entry of sys.path, the working directory, stands before us.
AS_INSTALLED = f"""
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]
sys.path[1:1] = [{str(ROOT)!r}]
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without the caller's module search path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def foreign_package(folder: Path, name: str) -> Path:
    """Write a package that must never be executed."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('the stranger was executed')\n")
    return folder


def foreign_wheel(folder: Path, name: str, version: str) -> Path:
    """Write the wheel of an unrelated distribution that holds one package of this name."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": "def pnoise1(x):\n    return 0.0\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return wheel


@pytest.mark.parametrize("name", ketwork.PACKAGES)
def test_our_packages_are_ours(name: str) -> None:
    package = ketwork.find_package(name)
    assert package.status == "ours"
    assert package.path == str(ROOT / name / "__init__.py")
    ketwork.require_ours(name)


@pytest.mark.parametrize("name", ketwork.PACKAGES)
def test_a_folder_that_shadows_us_is_named(name: str, tmp_path: Path) -> None:
    foreign_package(tmp_path, name)
    script = AS_INSTALLED + "import ketwork; ketwork.main()"
    result = run(sys.executable, "-c", script, cwd=tmp_path)
    assert result.returncode == 1
    assert f"The package `{name}` that Python finds is not ketwork's" in result.stderr
    assert str(tmp_path / name / "__init__.py") in result.stderr
    assert "no installed distribution" in result.stderr
    assert "stranger was executed" not in result.stderr


def test_a_folder_without_init_is_no_package_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bare").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    package = ketwork.find_package("bare")
    assert (package.status, package.path) == ("shadowed", str(tmp_path / "bare"))


def test_a_missing_package_is_named() -> None:
    assert ketwork.find_package("no_such_package").status == "missing"
    with pytest.raises(ketwork.ShadowedPackageError, match="`no_such_package` is missing"):
        ketwork.require_ours("circuits", "no_such_package")


def test_qml_says_that_circuits_is_shadowed(tmp_path: Path) -> None:
    foreign_package(tmp_path, "circuits")
    script = AS_INSTALLED + "import qml"
    result = run(sys.executable, "-c", script, cwd=tmp_path)
    assert "ShadowedPackageError: The package `circuits`" in result.stderr


def test_info_works_where_a_package_is_shadowed(tmp_path: Path) -> None:
    foreign_package(tmp_path, "qml")
    script = AS_INSTALLED + "import ketwork; ketwork.main()"
    shown = run(sys.executable, "-c", script, "info", cwd=tmp_path)
    assert shown.returncode == 0
    assert f"qml       shadowed  {tmp_path / 'qml' / '__init__.py'}" in shown.stdout
    wrong = run(sys.executable, "-c", script, "info", "--jsn", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "--jsn" in wrong.stderr


def test_info_is_plain_data_and_readable_text() -> None:
    facts = ketwork.info()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["problems"] == []
    assert facts["core"]["torch"] is not None
    text = ketwork.format_info(facts)
    assert all(name in text for name in (*ketwork.PACKAGES, *ketwork.OPTIONAL_PEERS))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel, built without network; what was compiled is kept for the next time."""
    folder = tmp_path_factory.mktemp("dist")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    result = run(*pip, "-C", "build-dir=build/wheel", "--wheel-dir", folder, ROOT, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(folder.glob("ketwork-*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {*ketwork.PACKAGES, "ketwork.py", f"ketwork-{ketwork.__version__}.dist-info"}
    assert {f"{name}/py.typed" for name in ketwork.PACKAGES} <= set(names)
    data = {f"optim/problems/data/{f.name}" for f in (ROOT / "optim/problems/data").iterdir()}
    assert data
    assert data <= set(names)
    native = [name for name in names if name.startswith("circuits/_native/")]
    assert all(name.endswith((".py", ".so", ".pyi")) for name in native)
    if os.environ.get("KETWORK_REQUIRE_NATIVE", "0") != "0":
        assert any(name.endswith(".so") for name in native)


@pytest.mark.slow
def test_a_distribution_installed_over_ours_is_named(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.EnvBuilder(symlinks=True).create(home)
    python, command = home / "bin" / "python", home / "bin" / "ketwork"
    scheme = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", "venv", scheme))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", python]
    install = [*pip, "install", "--no-index", "--no-deps", "--force-reinstall"]
    check = [python, "-c", "import ketwork; ketwork.require_ours(*ketwork.PACKAGES)"]

    assert run(*install, wheel, cwd=tmp_path).returncode == 0
    assert run(*check, cwd=tmp_path).returncode == 0
    assert run(*install, foreign_wheel(tmp_path, "noise", "1.2.2"), cwd=tmp_path).returncode == 0

    refused = run(command, "train", cwd=tmp_path)
    assert refused.returncode == 1
    assert "The package `noise` that Python finds is not ketwork's" in refused.stderr
    assert str(site / "noise" / "__init__.py") in refused.stderr
    assert "distribution noise 1.2.2" in refused.stderr
    assert "pip uninstall noise && pip install --force-reinstall --no-deps ketwork" in (
        refused.stderr
    )

    facts = json.loads(run(command, "info", "--json", cwd=tmp_path).stdout)
    status = {package["name"]: package["status"] for package in facts["packages"]}
    assert status == {"circuits": "ours", "noise": "shadowed", "optim": "ours", "qml": "ours"}
    assert "distribution noise 1.2.2" in facts["problems"][0]

    # The remedy, step by step: the first half leaves a hole that the second half fills.
    assert run(*pip, "uninstall", "--yes", "noise", cwd=tmp_path).returncode == 0
    assert run(*check, cwd=tmp_path).returncode != 0
    assert run(*install, wheel, cwd=tmp_path).returncode == 0
    assert run(*check, cwd=tmp_path).returncode == 0
