"""Architecture: imports between rooms, top-level files, installed packages, size limits."""

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
# room: the rooms and the third-party packages that it may import; layers/gates.py may import none
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
    "layers": ({"errors"}, {"keras", "tensorflow"}),  # Keras layers only, imported lazily
    "series": ({"errors", "ranges"}, {"numpy"}),
    "network": (
        {"errors", "files", "layers", "ranges", "series"},
        {"numpy", "safetensors", "threadpoolctl"},
    ),
    "methods": ({"series"}, {"numpy"}),
    # wall 3: pandas above, only arrays below
    "tables": (
        {"errors", "files", "notes", "ranges", "series"},
        {"numpy", "pandas", "holidays", "pyarrow"},
    ),
    # wall 2: user files are read above
    "reading": (
        {"errors", "files", "notes", "series", "tables"},
        {"numpy", "pandas", "pyarrow", "narwhals"},
    ),
    "__main__": (set(), set()),
    "deprecated": ({"reading", "tables"}, {"pandas"}),
    "datasets": ({"errors", "files", "reading", "tables"}, {"numpy", "pandas"}),
    "reporting": ({"errors", "files", "tables"}, {"numpy", "pandas", "matplotlib"}),
    "evaluation": (
        {"errors", "methods", "reading", "tables", "series"},
        {"numpy", "pandas", "sklearn"},
    ),
    "model": (BELOW_1 | {"evaluation"}, {"numpy", "pandas", "safetensors"}),
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

# modules that the command line imports besides the public API
CLI_MODULES = {"forecastkit.tables.writing"}


def room_of(path: Path) -> str | None:
    """Room of a file; None for `forecastkit/__init__.py`."""
    parts = path.relative_to(ROOT).parts
    if parts[0] in ("cli", "datasets"):
        return parts[0]
    return None if parts[1] == "__init__.py" else parts[1].removesuffix(".py")


def imports(tree: ast.AST) -> set[str]:
    """Names of the modules that a syntax tree imports."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            modules.add("a relative import")
        elif isinstance(node, ast.ImportFrom):
            if node.module == "forecastkit":
                modules |= {f"forecastkit.{alias.name}" for alias in node.names}
            else:
                modules.add(str(node.module))
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            modules.add("import_module")
    return modules


def forbidden(path: Path, source: str) -> list[str]:
    """Imports of a source text that `ROOMS` does not allow in a file of this path."""
    room = room_of(path)
    if room is None:
        return []
    rooms, packages = ROOMS[room]
    violations = []
    for name in sorted(imports(ast.parse(source))):
        package, _, module = name.partition(".")
        if package == "forecastkit":
            # only the command line may import the package itself, for its public names
            allowed = rooms | {room} | ({""} if room == "cli" else set())
            is_listed = room == "cli" and name in CLI_MODULES
            if module.split(".")[0] not in allowed and not is_listed:
                violations.append(name)
        elif name == "import_module":
            if path.name not in ("app.py", "__main__.py"):  # the commands, on first use
                violations.append(name)
        elif package not in packages and package not in sys.stdlib_module_names:
            violations.append(name)
    return violations


def sources() -> list[Path]:
    folders = ("forecastkit", "cli", "datasets")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def file_imports() -> dict[str, set[str]]:
    """Project modules imported by each module, including typing and local imports."""
    paths = {}
    for path in sources():
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        parts = parts if parts[0] == "forecastkit" else ["forecastkit", *parts]
        paths[".".join(parts).removesuffix(".__init__")] = path
    paths.pop("forecastkit")  # its public names are imported on first use
    graph = {}
    for name, path in paths.items():
        modules = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = (f"{node.module}.{alias.name}" for alias in node.names)
                modules |= {str(node.module), *names}
            elif isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
        graph[name] = modules & set(paths) - {name}
    return graph


def cyclic_modules(graph: dict[str, set[str]]) -> list[str]:
    """Modules that are in an import cycle or import one; empty if there is no cycle."""
    remaining = {name: set(imported) for name, imported in graph.items()}
    while leaves := [name for name, modules in remaining.items() if not modules & set(remaining)]:
        for name in leaves:
            del remaining[name]
    return sorted(remaining)


def test_there_are_no_import_cycles():
    assert cyclic_modules(file_imports()) == []


def test_an_import_cycle_is_detected():
    graph = file_imports()
    graph["forecastkit.series.ragged"].add("forecastkit.series.windows")
    assert "forecastkit.series.ragged" in cyclic_modules(graph)


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_are_allowed(path):
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
def test_a_forbidden_import_is_detected(path, line):
    assert forbidden(ROOT / path, line) != []


def test_gates_import_only_typing_modules():
    names = imports(ast.parse((ROOT / "forecastkit/layers/gates.py").read_text()))
    assert names <= {"__future__", "collections.abc", "typing"}


def test_top_level_files_are_listed():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.split("/")[0] for name in tracked} <= TOP


def test_setup_lists_exactly_the_packages():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    folders = {path.parent.relative_to(ROOT) for path in sources() if path.name == "__init__.py"}
    packages = {".".join(folder.parts) for folder in folders}
    outside = {"cli", "datasets"}
    assert listed == {f"forecastkit.{name}" if name in outside else name for name in packages}


def test_cli_and_datasets_are_not_top_level_packages():
    code = "import importlib.util as u; print(u.find_spec('cli'), u.find_spec('datasets'))"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env=environment,
    )
    assert result.stdout.split() == ["None", "None"]
    assert importlib.util.find_spec("forecastkit.cli") is not None


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_catch_all_names_and_no_global_statements(path):
    assert path.stem not in {"utils", "helpers", "common", "base", "manager"}
    tree = ast.parse(path.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]


def loaded_after(code: str) -> set[str]:
    """Top-level packages in `sys.modules` after running code in a new interpreter."""
    code += "\nimport sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "scipy", "statsmodels"}


def test_importing_forecastkit_imports_no_heavy_package():
    assert not loaded_after("import forecastkit") & (HEAVY | {"pandas", "numpy"})


def test_reading_imports_no_heavy_package():
    assert not loaded_after("import forecastkit as fk; fk.datasets.load('sales')") & HEAVY


MAX_MODULE_LINES, MAX_FUNCTION_LINES, MAX_ROOM_SHARE = 400, 45, 0.2


def function_lengths(path: Path) -> dict[str, int]:
    """Lines of each function without its docstring, except constructors of Keras layers."""
    lengths = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef):
            continue
        first = node.body[0]
        is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        docstring_lines = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
        lengths[node.name] = (node.end_lineno or 0) - node.lineno + 1 - docstring_lines
    if path.parent.name == "layers":
        lengths.pop("__init__", None)
    return lengths


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_are_small(path):
    assert len(path.read_text().splitlines()) <= MAX_MODULE_LINES
    lengths = function_lengths(path)
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}


def test_no_room_exceeds_its_share_of_the_code():
    sizes: dict[str | None, int] = {}
    for path in sources():
        room = room_of(path)
        sizes[room] = sizes.get(room, 0) + len(path.read_text().splitlines())
    assert max(sizes.values()) <= MAX_ROOM_SHARE * sum(sizes.values())
