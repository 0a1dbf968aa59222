"""What a user installs: the wheel carries its books and projections, nothing that git ignores, and works alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHIPPED = ("src", "events", "projections", "pyproject.toml", "README.md", "LICENSE", "NOTICE", ".gitignore")
IGNORED = ("events/books/draft.yaml~", "events/.tracker/log.sqlite", "projections/.DS_Store", "src/tracker/x.pyc")


def test_the_wheel_holds_every_book_text_and_projection(wheel: Path) -> None:
    expected = {
        f"tracker/bundled/{path.relative_to(ROOT).as_posix()}"
        for folder, pattern in (("events", "*.yaml"), ("events", "*.txt"), ("projections", "*.sql"))
        for path in (ROOT / folder).rglob(pattern)
        if ".tracker" not in path.parts
    }

    assert expected
    assert expected <= names_in(wheel)


def test_the_wheel_holds_nothing_that_git_ignores(wheel: Path) -> None:
    names = names_in(wheel)
    ignored = {Path(path).name for path in IGNORED}

    assert [name for name in names if Path(name).name in ignored] == []
    assert {name.split("/")[0] for name in names} == {
        "tracker",
        f"{wheel.name.removesuffix('-py3-none-any.whl')}.dist-info",
    }


def test_the_wheel_carries_licence_and_notice(wheel: Path) -> None:
    licences = {Path(name).name for name in names_in(wheel) if "dist-info/licenses/" in name}

    assert licences == {"LICENSE", "NOTICE"}


def test_the_demo_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    python = environment_with_only(wheel, tmp_path / "venv")
    outside = tmp_path / "elsewhere"
    outside.mkdir()

    where = run(python, "-c", "import tracker; print(tracker.__file__)", cwd=outside).stdout.strip()
    demo = run(python.with_name("tracker"), "demo", "workspace", cwd=outside)

    assert Path(where).is_relative_to(tmp_path / "venv")
    assert (outside / "workspace" / "tracker.toml").is_file()
    assert "OpenAI" in demo.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build the wheel from a copy of the checkout in which files lie about that git ignores."""
    tree = tmp_path_factory.mktemp("tree")
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    for name in IGNORED:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("not for users\n")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "dist", cwd=tree)
    (built,) = (tree / "dist").glob("*.whl")
    yield built


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def environment_with_only(wheel: Path, venv: Path) -> Path:
    """Return the Python of a new environment with the wheel and its locked dependencies, made without network.

    The dependencies are links to those of the running environment, and only those that requirements.txt names: a module
    that is imported but was declared for development alone is missed here as it would be by a user.
    """
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    python = venv / "bin" / "python"
    (site,) = venv.glob("lib/python*/site-packages")
    dependencies = venv / "dependencies"
    dependencies.mkdir()
    for path in top_level_paths_of_runtime():
        (dependencies / path.name).symlink_to(path)
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    install = (
        "pip",
        "install",
        "--offline",
        "--no-deps",
        "--no-index",
        "--no-cache",
        "--quiet",
        "--python",
        str(python),
    )
    run(sys.executable, "-m", "uv", *install, str(wheel))
    return python


def top_level_paths_of_runtime() -> set[Path]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [match.groups() for line in lines if (match := re.match(r"([\w.-]+)==\S+( ;)?", line))]
    paths = set()
    for name, is_conditional in pins:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if is_conditional:  # wanted on another platform only
                continue
            raise
        tops = {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}
        paths |= {Path(str(found.locate_file(top))) for top in tops}
    return paths


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TRACKER_"))}
    done = subprocess.run(command, cwd=cwd, env=outside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done
