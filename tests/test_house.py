"""The house: which room imports which, what stands at the top level, what is not written."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP = {
    *("forecastkit", "cli", "datasets", "tests", "setup.cfg", "README.md", "pyproject.toml"),
    *(
        "Makefile",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE",
        "benchmarks",
        ".ci",
        ".gitignore",
        "docs",
        "CONTRIBUTING.md",
    ),
}
# room: the rooms that it may import, and the packages that it may import besides the standard
# library; layers/gates.py imports nothing at all
BELOW_1 = {
    "errors",
    "notes",
    "ranges",
    "files",
    "layers",
    "series",
    "network",
    "methods",
    "tables",
    "reading",
}
ROOMS = {
    "errors": (set(), set()),
    "notes": (set(), set()),
    "ranges": ({"errors"}, set()),
    "files": ({"errors"}, set()),
    "version": (set(), set()),
    "layers": ({"errors"}, {"keras", "tensorflow"}),  # the layers' own classes, loaded lazily
    "series": ({"errors", "ranges"}, {"numpy"}),
    "network": (
        {"errors", "files", "layers", "ranges", "series"},
        {"numpy", "safetensors", "threadpoolctl"},
    ),
    "methods": ({"series"}, {"numpy"}),
    # wall 3: pandas above, arrays only below
    "tables": (
        {"errors", "files", "notes", "ranges", "series"},
        {"numpy", "pandas", "holidays", "pyarrow"},
    ),
    # wall 2: files of users are read above
    "reading": ({"errors", "files", "notes", "series", "tables"}, {"numpy", "pandas", "pyarrow"}),
    "deprecated": ({"reading", "tables"}, {"pandas"}),
    "datasets": ({"errors", "files", "reading", "tables"}, {"numpy", "pandas"}),
    "reporting": ({"errors", "files", "tables"}, {"numpy", "pandas", "matplotlib"}),
    "evaluation": (
        {"errors", "methods", "reading", "tables", "series"},
        {"numpy", "pandas", "sklearn"},
    ),
    "model": (BELOW_1, {"numpy", "pandas", "safetensors"}),
    # wall 1: Keras and TensorFlow above
    "training": (
        BELOW_1 | {"evaluation", "model"},
        {"numpy", "pandas", "keras", "tensorflow", "tqdm"},
    ),
    "pretraining": ({"errors", "files", "series", "network", "training"}, {"numpy", "click"}),
    "forecaster": (
        BELOW_1 | {"evaluation", "model", "training"},
        {"numpy", "pandas", "sklearn"},
    ),
    "cli": ({"errors", "files", "version", "cli"}, {"click"}),
}

# modules of rooms that the command line uses besides the public names
CLI_MODULES = {"forecastkit.tables.writing"}


def room_of(path: Path) -> str | None:
    """Name of the room that a file stands in; None for the package's own list of names."""
    parts = path.relative_to(ROOT).parts
    if parts[0] in ("cli", "datasets"):
        return parts[0]
    return None if parts[1] == "__init__.py" else parts[1].removesuffix(".py")


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("a relative import")
        elif isinstance(node, ast.ImportFrom):
            if node.module == "forecastkit":
                found |= {f"forecastkit.{alias.name}" for alias in node.names}
            else:
                found.add(str(node.module))
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            found.add("import_module")
    return found


def forbidden(path: Path, source: str) -> list[str]:
    """Imports that the table does not allow to a file of that path."""
    room = room_of(path)
    if room is None:
        return []
    rooms, packages = ROOMS[room]
    wrong = []
    for name in sorted(imports(ast.parse(source))):
        first, _, rest = name.partition(".")
        if first == "forecastkit":
            # the bare package, its public names, is for the command line alone
            allowed = rooms | {room} | ({""} if room == "cli" else set())
            listed = room == "cli" and name in CLI_MODULES
            if rest.split(".")[0] not in allowed and not listed:
                wrong.append(name)
        elif name == "import_module":
            if path.name != "app.py":  # which loads the commands when they are called
                wrong.append(name)
        elif first not in packages and first not in sys.stdlib_module_names:
            wrong.append(name)
    return wrong


def sources() -> list[Path]:
    folders = ("forecastkit", "cli", "datasets")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def file_imports() -> dict[str, set[str]]:
    """Modules of the project that each module imports, typing and local imports included."""
    named = {}
    for path in sources():
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        parts = parts if parts[0] == "forecastkit" else ["forecastkit", *parts]
        named[".".join(parts).removesuffix(".__init__")] = path
    named.pop("forecastkit")  # its public names are loaded when they are first used
    graph = {}
    for name, path in named.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                found |= {str(node.module), *(f"{node.module}.{one.name}" for one in node.names)}
            elif isinstance(node, ast.Import):
                found |= {one.name for one in node.names}
        graph[name] = found & set(named) - {name}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules on a circle of imports, or behind one; empty where there is none."""
    left = {name: set(others) for name, others in graph.items()}
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    return sorted(left)


def test_no_circle_of_files():
    assert circle(file_imports()) == []


def test_a_circle_would_be_seen():
    graph = file_imports()
    graph["forecastkit.series.ragged"].add("forecastkit.series.windows")
    assert "forecastkit.series.ragged" in circle(graph)


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_table(path):
    assert forbidden(path, path.read_text()) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("forecastkit/series/panel.py", "import pandas"),
        ("forecastkit/series/panel.py", "from forecastkit.tables.frame import Y"),
        ("forecastkit/tables/frame.py", "from forecastkit.network import build"),
        ("forecastkit/layers/gates.py", "from forecastkit.series.panel import Panel"),
        ("forecastkit/evaluation/metrics.py", "import forecastkit.model.model"),
        ("cli/fit.py", "from forecastkit.reading.reader import read_csv"),
        ("cli/fit.py", "import numpy"),
        ("cli/fit.py", "import tensorflow"),
        ("forecastkit/series/panel.py", "import forecastkit as fk"),
        ("forecastkit/series/panel.py", "from .. import tables"),
        ("forecastkit/series/panel.py", "import_module('forecastkit.training.build')"),
    ],
)
def test_a_forbidden_import_would_be_seen(path, line):
    assert forbidden(ROOT / path, line) != []


def test_the_gate_math_imports_nothing():
    names = imports(ast.parse((ROOT / "forecastkit/layers/gates.py").read_text()))
    assert names <= {"__future__", "collections.abc", "typing"}


def test_the_top_level_is_the_users():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.split("/")[0] for name in listed} <= TOP


def test_every_package_is_installed_and_no_other():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    named = set(setup["options"]["packages"].split())
    folders = {path.parent.relative_to(ROOT) for path in sources() if path.name == "__init__.py"}
    names = {".".join(folder.parts) for folder in folders}
    assert named == {f"forecastkit.{n}" if n in ("cli", "datasets") else n for n in names}


def test_no_package_is_called_cli_or_datasets():
    code = "import importlib.util as u; print(u.find_spec('cli'), u.find_spec('datasets'))"
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env=clean,
    )
    assert done.stdout.split() == ["None", "None"]
    assert importlib.util.find_spec("forecastkit.cli") is not None


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_drawer_names_and_no_globals(path):
    assert path.stem not in {"utils", "helpers", "common", "base", "manager"}
    tree = ast.parse(path.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]


def loaded_after(code: str) -> set[str]:
    """Top-level packages that are loaded after a piece of code ran in a new interpreter."""
    code += "\nimport sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "scipy", "statsmodels"}


def test_importing_forecastkit_loads_nothing_heavy():
    assert not loaded_after("import forecastkit") & (HEAVY | {"pandas", "numpy"})


def test_reading_loads_nothing_heavy():
    assert not loaded_after("import forecastkit as fk; fk.datasets.load('sales')") & HEAVY


MAX_LINES, MAX_FUNCTION, MAX_SHARE = 400, 45, 0.2


def function_lengths(path: Path) -> dict[str, int]:
    """Lines of each function without its docstring; constructors of Keras layers aside."""
    lengths = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef):
            continue
        first = node.body[0]
        doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        skipped = (first.end_lineno or 0) - first.lineno + 1 if doc else 0
        lengths[node.name] = (node.end_lineno or 0) - node.lineno + 1 - skipped
    if path.parent.name == "layers":
        lengths.pop("__init__", None)
    return lengths


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_stay_small(path):
    assert len(path.read_text().splitlines()) <= MAX_LINES
    long = {name: n for name, n in function_lengths(path).items() if n > MAX_FUNCTION}
    assert long == {}


def test_no_room_is_larger_than_a_fifth():
    sizes: dict[str | None, int] = {}
    for path in sources():
        room = room_of(path)
        sizes[room] = sizes.get(room, 0) + len(path.read_text().splitlines())
    assert max(sizes.values()) <= MAX_SHARE * sum(sizes.values())
