"""The house: who may import whom, what may stand in the code, and that everything public says what it does."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import settings

from outcomes import lengths_of_time
from pathways import load_pathway, quantity
from pathways.word import PRIORITIES
from tests import conftest

ROOT = Path(__file__).resolve().parent.parent
BELOW: dict[str, dict[str, set[str]]] = {
    "app": {"app": {"ui"}},
    "backpath": {"backpath": {"ui", "calibration", "sim", "pathways", "outcomes"}},
    "ui": {
        "ui": {"calibration", "sim", "pathways", "outcomes"},
        "commands": {"reports", "findings", "inputs", "pages", "terminal"},
        "pages": {"reports", "charts", "findings", "inputs"},
        "reports": {"charts", "findings", "inputs"},
        "charts": {"findings"},
        "findings": {"inputs"},
        "inputs": set(),
        "terminal": {"findings"},
    },
    "calibration": {
        "calibration": {"sim", "pathways", "outcomes"},
        "diagnostics": {"fitting"},
        "fitting": {"local_data"},
        "local_data": set(),
        "validation": set(),
    },
    "sim": {
        "sim": {"pathways", "outcomes"},
        "measures": {"experiments", "arrays"},
        "experiments": {"batch", "arrays"},
        "batch": set(),
        "arrays": set(),
    },
    "pathways": {"pathways": set(), "checks": set(), "official": {"files"}, "files": set()},
    "outcomes": {
        "outcomes": set(),
        "disclosure": {"practices"},
        "economics": set(),
        "equity": {"economics", "practices"},
        "journeys": set(),
        "portfolio": set(),
        "practices": set(),
    },
}
"""The plan. Of each room first the rooms below it, which all its modules may import; then its folders, and which folders of
the same room each may import. Modules that stand in the room itself belong to all of it. The two ground floors do not know
each other."""
MOST_FILES = {"pathways": 22, "sim": 22}
"""The nouns of a pathway and the kernel of a run stand in one hall each; a folder has room for so many modules otherwise:"""
MOST_FILES_OF_A_FOLDER = 15
MOST_LINES = 80
"""Of a function."""
MOST_BY_PLACE = 5
"""Arguments that may be given by their place."""
ROOMS = [room for room in BELOW if room != "app" and (ROOT / room).is_dir()]
REGISTRIES = [".".join((name, "org")) for name in ("pypi", "pythonhosted", "npmjs", "debian")]
"""Hosts of package registries, none of which stands in the project."""
STRUCTURAL = {
    "pathways": {
        1e-9: "rounding", 0.001: "rounding", 0.5: "a half", 0.6: "how alike two names are", 0.85: "and a misspelt one", 0.594: "bound of utilities",
        365.25: "days of a year with leap days",
        0.9: "p90 of a duration", 0.975: "the upper end of a 95% interval", 0.05: "how far a mean may be off, in widths", 0.2: "the outer fifth of a range",
    },
    "outcomes": {
        0.5: "a half", 0.95: "a confidence level", 0.998: "a confidence level", 0.594: "bound of utilities", 0.05: "a quantile",
        0.25: "a quantile, or the most that chance may be of a spread", 0.75: "a quantile", 0.9: "a share of draws",
        0.1: "trimmed at each end, or lived by infants who die", 0.001: "a numerical step", 1e-6: "rounding", 1e-9: "rounding",
        1e-12: "rounding",
    },
    "calibration": {
        0.5: "a half, or a median", 0.975: "the upper end of a 95% interval", 0.001: "a numerical step", 
        0.01: "a level of chance, or a quantile", 0.02: "the edge of a prior", 0.1: "apart, in spreads", 0.15: "the nearest of a bank, or a rough shape",
        0.2: "a share of draws or of runs", 0.25: "a quantile, or a part of a spread", 0.75: "a quantile, or a share of figures held",
        0.8: "posterior over prior spread", 0.85: "coverage that is told", 0.9: "an interval, or what like series have in common", 0.95: "a quantile", 0.98: "a share of runs",
        0.99: "a quantile", 0.05: "the least multiplier tried, or how far R-hat may be from 1", 1.1: "the longest move of a chain", 1.3: "squared error over that expected",
        1.4: "how much wider runs lie", 2.38: "the size of a move", 1e-4: "a numerical step",
        1e-9: "rounding", 1e-12: "rounding",
    },
    "sim": {
        0.5: "a half", 0.25: "a quarter of a tick", 0.9: "p90 of a duration", 0.92: "p92 of waits", 0.02: "a precision, or a share that is asked about",
        0.1: "a share of a list", 1.01: "a tolerance of rounding", 1e-9: "rounding", 1e-12: "rounding",
    },
    "ui": {
        0.005: "half a last digit", 0.01: "the thinnest line of a flow", 0.05: "a quantile", 0.15: "wide or narrow columns", 0.18: "room between bars",
        0.2: "a rate that looks like a share, or how faint a line is", 0.25: "a quantile", 0.3: "how faint", 0.35: "how faint",
        0.4: "columns, or how faint", 0.45: "how faint", 0.5: "a half", 0.55: "how faint", 0.6: "how faint, or room between bars",
        0.75: "a quantile", 0.8: "how alike two names are", 0.9: "an interval", 0.95: "a quantile or a level", 1.5: "width of a line",
        2.5: "width of a line, or the smallest part of a scale", 3.2: "width of a label", 1e-9: "rounding",
    },
}  # fmt: skip
"""Numbers with a fraction that are not about the NHS, each with what it is."""


def files_of(room: str) -> list[Path]:
    """The modules of a room."""
    return [ROOT / "app.py"] if room == "app" else sorted((ROOT / room).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """A module's dotted name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The modules, with their rooms and folders, that a module imports: at the top, within functions, or for types only."""
    package = name_of(path).split(".")[: None if path.name == "__init__.py" else -1]
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {module, *(f"{module}.{name.name}" for name in node.names)}
    return found


def imports(path: Path) -> set[str]:
    """The packages that a module imports."""
    return {name.split(".")[0] for name in imported(path)}


def folder_of(room: str, module: str) -> str:
    """The folder of a room that a module of it stands in; the room itself where it stands in none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (ROOT / room / parts[1]).is_dir() else room


def documents() -> list[Path]:
    """The files of the project, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout: what belongs to the project is not known")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# rooms


def test_the_plan_names_every_room_and_folder() -> None:
    for room in ROOMS:
        folders = {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
        assert folders | {room} == set(BELOW[room]), room


@pytest.mark.parametrize("room", ["app", *ROOMS])
def test_imports_go_downwards_only(room: str) -> None:
    assert files_of(room)
    below, own = BELOW[room][room], set(BELOW[room]) - {room}
    for path in files_of(room):
        found = imports(path) & set(BELOW)
        assert found <= below | {room}, f"{path.relative_to(ROOT)} imports {found - below}"
        folder = folder_of(room, name_of(path))
        if folder != room:
            others = {folder_of(room, name) for name in imported(path) if name.split(".")[0] == room} & own
            allowed = BELOW[room][folder] | {folder}
            assert others <= allowed, f"{path.relative_to(ROOT)} imports {others - allowed} of its own room"


def test_the_plan_of_a_room_goes_downwards_too() -> None:
    """No folder of a room can reach itself through what it may import."""
    for room, folders in BELOW.items():
        reached = {folder: set(may) for folder, may in folders.items() if folder != room}
        for _ in reached:
            reached = {folder: may.union(*(reached[each] for each in may)) for folder, may in reached.items()}
        assert not [folder for folder, may in reached.items() if folder in may], room


def test_no_module_needs_one_that_needs_it() -> None:
    """Imports within functions and for types only count too. That a module belongs to its own package is no import."""
    paths = {name_of(path): path for room in ["app", *ROOMS] for path in files_of(room)}
    needs = {name: (imported(path) & paths.keys()) - {name} for name, path in paths.items()}
    left = dict(needs)
    while done := {name for name, needed in left.items() if not needed & left.keys()}:
        left = {name: needed for name, needed in left.items() if name not in done}
    assert not left, sorted(left)


def test_folders_stay_small_enough_to_be_looked_over() -> None:
    for room in ROOMS:
        for folder in [ROOT / room, *(path.parent for path in (ROOT / room).rglob("*/__init__.py"))]:
            files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            most = MOST_FILES.get(folder.name, MOST_FILES_OF_A_FOLDER)
            assert len(files) <= most, f"{folder.relative_to(ROOT)} holds {len(files)} modules"


def test_the_rule_sees_imports_within_functions_and_of_parts() -> None:
    """The command line imports the simulation only where it needs it; the tests import everything."""
    assert {"pathways", "sim", "ui"} <= imports(ROOT / "ui" / "commands" / "compare.py")
    assert {"ui", "pathways", "sim"} <= imports(ROOT / "tests" / "ui" / "test_app.py")


def test_only_the_faces_know_streamlit() -> None:
    users = {
        path.relative_to(ROOT).parts[0]
        for room in ["app", *ROOMS]
        for path in files_of(room)
        if "streamlit" in imports(path)
    }
    assert users == {"app.py", "ui"}


def test_the_model_knows_neither_the_network_nor_the_clock_nor_other_chance() -> None:
    """Keyed draws are all the chance there is; no result can depend on when or where it was made.

    The reference engine may shuffle the order in which it processes a phase: tests show that nothing depends on it.
    """
    for room in ("pathways", "outcomes", "sim"):
        for path in files_of(room):
            allowed = {"random"} if path.name == "reference.py" else set()
            forbidden = {"random", "secrets", "time", "socket", "urllib", "http", "requests"} - allowed
            assert not imports(path) & forbidden, path
            attributes = {
                (node.value.id, node.attr)
                for node in ast.walk(parsed(path))
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            }
            assert not attributes & {("np", "random"), ("date", "today"), ("datetime", "now"), ("uuid", "uuid4")}, path


def test_help_is_quick_because_nothing_heavy_is_loaded() -> None:
    """The command line loads neither Streamlit nor the compiler until a command needs them."""
    code = "import sys, ui.command_line; print([name for name in ('streamlit', 'numba', 'simpy', 'vl_convert') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_room_and_every_file_of_the_library_is_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    inner = {
        ".".join(path.parent.relative_to(ROOT).parts) for room in ROOMS for path in (ROOT / room).rglob("__init__.py")
    }
    found = settings["packages"]["find"]["include"]
    assert all(any(fnmatch(name, pattern) for pattern in found) for name in inner)
    assert not any(fnmatch(name, pattern) for name in ("tests", "tests.sim", "docs", "benchmarks") for pattern in found)
    assert inner >= set(ROOMS)
    for room, folder in (("pathways", "library"), ("outcomes", "library"), ("ui", "static")):
        patterns = settings["package-data"][room]
        installed = {path for pattern in patterns for path in (ROOT / room).glob(pattern)}
        assert {path for path in (ROOT / room / folder).rglob("*") if path.is_file()} == installed


# one name for one thing


def test_nothing_that_a_package_exports_hides_a_module_of_it() -> None:
    """`import outcomes.policy` would give a function where a package exports one of the name of its module."""
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("__init__.py")):
        modules = {each.stem for each in path.parent.glob("*.py")} | {
            each.parent.name for each in path.parent.glob("*/__init__.py")
        }
        bound = {
            name.asname or name.name
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.ImportFrom) and node.module != name_of(path)
            for name in node.names
        }
        assert not bound & modules, f"{path.relative_to(ROOT)} hides its module {bound & modules}"


def test_no_two_public_classes_have_one_name() -> None:
    found: dict[str, Path] = {}
    for path in (path for room in ["app", *ROOMS] for path in files_of(room)):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert node.name not in found, f"{node.name}: {found[node.name]} and {path}"
                found[node.name] = path


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    """All functions of a module, methods and inner ones too."""
    yield from (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("room", ["app", *ROOMS])
def test_functions_can_be_read_on_a_screen_or_two(room: str) -> None:
    for path in files_of(room):
        for node in functions(path):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MOST_LINES, f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {lines} lines"


@pytest.mark.parametrize("room", ["app", *ROOMS])
def test_many_arguments_are_given_by_name(room: str) -> None:
    """Compiled code must take them by place, and those of a command are options, which Typer gives by name."""
    for path in files_of(room):
        if path.parent == ROOT / "ui" / "commands":
            continue
        for node in functions(path):
            compiled = {each.id for each in node.decorator_list if isinstance(each, ast.Name)} & {"loop", "scalar"}
            by_place = [
                each.arg for each in (*node.args.posonlyargs, *node.args.args) if each.arg not in ("self", "cls")
            ]
            assert compiled or len(by_place) <= MOST_BY_PLACE, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


# what may stand in the code


def test_the_length_of_a_year_is_written_once_and_the_two_ground_floors_agree() -> None:
    """It stood in nine files. `outcomes` knows nothing of `pathways`, so that each has it, and a year with leap days once."""
    home = {"outcomes/lengths_of_time.py", "pathways/quantity.py"}
    written = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in files_of(room)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and node.value in (365, 365.25)
    }
    assert written == home
    for name in ("DAYS_IN_A_WEEK", "DAYS_IN_A_YEAR"):
        assert getattr(lengths_of_time, name) == getattr(quantity, name)


def test_one_writer_writes_every_file() -> None:
    """Whole or not at all, never over another unasked, formulas escaped: that is kept in one place."""
    writes = {"to_csv", "to_parquet", "write_text", "write_bytes", "mkdtemp", "NamedTemporaryFile", "savefig"}
    for room in ["app", *ROOMS]:
        for path in files_of(room):
            if path.name == "writing.py":
                continue
            called = {
                node.func.attr
                for node in ast.walk(parsed(path))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            assert not called & writes, f"{path.relative_to(ROOT)}: use pathways.files.writing"


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    """Home folders, drive letters, and the hosts of package registries, which differ from place to place."""
    home = r"/(?:home|Users)/[a-z]\w*/|/root/|\b[A-Z]:\\\\?Users"
    forbidden = re.compile("|".join([home, *(re.escape(host) for host in REGISTRIES)]))
    assert forbidden.search("see /home/" + "ann/backpath")
    assert all(forbidden.search(f"see {host} for more") for host in REGISTRIES)
    checked = 0
    for path in documents():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        checked += 1
        if path != Path(__file__):
            found = forbidden.search(text)
            assert not found, f"{path.relative_to(ROOT)} names {found and found[0]}"
    assert checked > 50


STATISTICS = {"quantile", "nanquantile", "percentile", "std", "var", "cov", "corrcoef", "ndtri", "paired_difference"}
"""Statistics that a face would work out itself."""


def test_faces_show_statistics_and_work_out_none() -> None:
    """Quantiles, standard errors and intervals come from the rooms below, where they are tested without a picture."""
    for path in files_of("ui"):
        assert not imports(path) & {"scipy", "statistics"}, path.relative_to(ROOT)
        called = {
            getattr(node.func, "attr", getattr(node.func, "id", ""))
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Call)
        }
        allowed = {"paired_difference"} if path.name == "key_message.py" else set()
        assert not called & STATISTICS - allowed, f"{path.relative_to(ROOT)}: {called & STATISTICS}"


def test_no_code_names_a_service_of_the_library() -> None:
    """Which services there are, and what they are to whom, a pathway says: its `roles`, its outcomes, its words."""
    services = set(load_pathway("usual_care").services) - set(PRIORITIES)
    for room in ["app", *ROOMS]:
        for path in files_of(room):
            tree = parsed(path)
            said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            written = {
                word.strip()
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
                for word in node.value.split(",")
            }
            assert not written & services, f"{path.relative_to(ROOT)}: {written & services}"


def fractions(path: Path) -> Iterator[float]:
    """The numbers with a fraction in a module's code."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and not node.value.is_integer():
            yield node.value


@pytest.mark.parametrize("room", STRUCTURAL)
def test_numbers_about_the_nhs_stand_in_data_files(room: str) -> None:
    """A share, a rate or a price written into the code would be a number with a fraction that is not on the list."""
    for path in files_of(room):
        unknown = set(fractions(path)) - set(STRUCTURAL[room])
        assert not unknown, f"{path.relative_to(ROOT)}: {unknown}. Make quantities of them, or add them with a reason."


def test_what_is_not_text_is_a_picture() -> None:
    """Data are text that can be read and compared; the only other files are pictures."""
    for path in documents():
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            assert path.suffix == ".png", path


# words


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """The public functions and classes of a module, and the public methods of its classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (
                    each for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")
                )


@pytest.mark.parametrize("room", ["app", *ROOMS, "start"])
def test_everything_public_says_what_it_does(room: str) -> None:
    for path in [ROOT / "start.py"] if room == "start" else files_of(room):
        tree = parsed(path)
        assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
        for node in public(tree):
            assert ast.get_docstring(node), f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has no docstring"


def test_every_test_file_says_what_it_holds() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.name != "__init__.py":
            assert ast.get_docstring(parsed(path)), path.name


def test_no_random_test_fails_because_the_machine_is_busy() -> None:
    """Hypothesis allows an example 0.2 s unless told otherwise; that is told once, in conftest.py."""
    assert settings().deadline is None
    own = [path.name for path in sorted((ROOT / "tests").rglob("test_*.py")) if "deadline=" in path.read_text()]
    assert own == [Path(__file__).name]


def test_the_files_that_begin_first_are_there() -> None:
    assert all((ROOT / "tests" / name).is_file() for name in conftest.LONGEST)
