"""What is built is what is in the checkout: wheel, source archive, and editable installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from iraq_coalition_data.package import shipped

pytestmark = pytest.mark.slow

MAX_WHEEL_BYTES = 5_000_000
PACKAGED = "iraq_coalition_data/_package/"
LOAD_EVERYTHING = """
import iraq_coalition_data as icd
for name, frame in icd.load_all().items():
    assert len(frame) == int(icd.tables().set_index("table").loc[name, "rows"]), name
print(icd.__file__)
"""


def run(*command: str | Path, folder: Path | None = None, path: str | None = None) -> str:
    """Run a command without this checkout on its path, and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = path
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def copy_of_the_checkout(folder: Path) -> Path:
    ignored = shutil.ignore_patterns(".*_cache", ".git", ".hypothesis", ".venv", "__pycache__", "build", "dist")
    return Path(shutil.copytree(str(shipped().root), folder, ignore=ignored))


def build(source: Path, folder: Path) -> tuple[Path, Path]:
    """Return wheel and source archive; the wheel is made from the archive."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, archive


def environment(folder: Path) -> Path:
    """Return the interpreter of a new environment that sees the installed libraries, and none of our code."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    own = Path(run(folder / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # A path file in a folder that a path file names is not read, so an editable install stays behind.
    (own / "libraries.pth").write_text("\n".join(sorted(libraries)) + "\n")
    return folder / "bin" / "python"


def install(python: Path, *what: str | Path) -> None:
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", *what)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("built")
    return build(copy_of_the_checkout(folder / "checkout"), folder / "out")


@pytest.fixture(scope="module")
def wheel(built: tuple[Path, Path]) -> Path:
    return built[0]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = environment(tmp_path_factory.mktemp("installed") / "venv")
    install(python, wheel)
    return python


def test_the_wheel_is_a_data_package_and_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MAX_WHEEL_BYTES
    package = shipped()
    with zipfile.ZipFile(wheel) as archive:
        held = {name.removeprefix(PACKAGED) for name in archive.namelist() if name.startswith(PACKAGED)}
        wanted = {"datapackage.json"} | {p for r in package.resources.values() for p in (r.path, r.schema_path)}
        assert held == wanted
        assert all(archive.read(PACKAGED + path) == package.read(path) for path in wanted)
        assert "iraq_coalition_data/py.typed" in archive.namelist()


def test_the_metadata_name_version_licences_and_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = f"iraq_coalition_data-{shipped().version}.dist-info/"
        metadata = archive.read(info + "METADATA").decode()
        assert f"\nVersion: {shipped().version}\n" in metadata
        assert "\nLicense-Expression: MIT AND CC-BY-4.0\n" in metadata
        assert {info + "licenses/LICENSE", info + "licenses/LICENSE-DATA"} <= set(archive.namelist())
        assert "icd = iraq_coalition_data.cli:main" in archive.read(info + "entry_points.txt").decode()


def test_the_source_archive_holds_data_tests_and_licences_and_nothing_stray(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as archive:
        top = {name.split("/")[1] for name in archive.getnames() if name.count("/")}
        inside = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"data", "schemas", "datapackage.json", "src", "tests", "LICENSE", "LICENSE-DATA", "README.md"} <= top
    assert top.isdisjoint({"dist", "build", ".git", ".hypothesis", ".pytest_cache"})
    assert {r.path for r in shipped().resources.values()} <= inside


def test_the_wheel_made_from_the_checkout_is_the_one_made_from_the_archive(wheel: Path, tmp_path: Path) -> None:
    source = copy_of_the_checkout(tmp_path / "checkout")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "out", source)
    (direct,) = (tmp_path / "out").glob("*.whl")
    assert direct.read_bytes() == wheel.read_bytes()


def test_two_builds_of_one_state_are_the_same_bytes(built: tuple[Path, Path], tmp_path: Path) -> None:
    source = copy_of_the_checkout(tmp_path / "another-place")
    for path in source.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    again = build(source, tmp_path / "out")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]


def test_every_table_loads_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    place = run(installed, "-c", LOAD_EVERYTHING, folder=tmp_path).strip()
    assert Path(place).is_relative_to(installed.parents[1])


def test_the_command_runs_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    summary = run(installed.with_name("icd"), "summary", folder=tmp_path)
    assert shipped().version in summary
    assert "All files are the validated, released bytes." in summary
    run(installed.with_name("icd"), "validate", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_on_the_path_works_without_being_unpacked(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    place = run(python, "-c", LOAD_EVERYTHING, folder=tmp_path, path=str(wheel)).strip()
    assert place.startswith(str(wheel))


def test_an_editable_installation_reads_the_checkout_and_not_the_copy_it_leaves(tmp_path: Path) -> None:
    source = copy_of_the_checkout(tmp_path / "checkout")
    python = environment(tmp_path / "venv")
    install(python, "--no-build-isolation", "--editable", source)
    descriptor = source / "datapackage.json"
    descriptor.write_text(json.dumps(json.loads(descriptor.read_text("utf-8")) | {"version": "999.0.0"}), "utf-8")
    code = "import iraq_coalition_data as icd; print(icd.version())"
    assert run(python, "-c", code, folder=tmp_path).strip() == "999.0.0"
