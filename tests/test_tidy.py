"""The project's style as tests: lengths, include order, names; and native/README.md is true."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent

COLUMNS_MAX = 100
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

PYTHON = frozenset({".py", ".pyi"})
CPP = frozenset({".h", ".cpp"})
SOURCE = PYTHON | CPP | {".pyx", ".pxd", ".proto", ".mk"}

# A folder of native/ includes itself and those before it.
FOLDERS = (
    "base ring stats http2 net grpc infer model route engine binding".split()  # noqa: SIM905 - reads as the rule is written
)

# The tables of a protocol are as long as the protocol.
LONG_FILES = frozenset({"proto/inference/grpc_service.proto"})

# What marks a line on which a linter is told to look away; the reason stands behind it.
IGNORE = re.compile(
    r"#\s*(?:noqa\b|type:\s*ignore|no-cython-lint)|//\s*(?:NOLINT|clang-format off)"
)
REASONED = re.compile(
    r"(?:#\s*noqa: [A-Z0-9, ]+ - \S|#\s*type: ignore\[[\w, -]+\]\s+# \S"
    r"|#\s*no-cython-lint - \S|//\s*(?:NOLINT\([\w-]+\)|clang-format off):? \S)"
)


def tracked(suffixes: frozenset[str]) -> list[str]:
    """The files of the project with one of these endings, as git sees them, new ones too."""
    line = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [n for n in names.splitlines() if Path(n).suffix in suffixes and (ROOT / n).exists()]


def lines_of(name: str) -> list[str]:
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def test_lines_and_files() -> None:
    wrong = []
    for name in tracked(SOURCE):
        lines = lines_of(name)
        if len(lines) > FILE_LINES_MAX and name not in LONG_FILES:
            wrong.append(f"{name} has {len(lines)} lines")
        for number, line in enumerate(lines, 1):
            if len(IGNORE.split(line)[0].rstrip()) > COLUMNS_MAX:
                wrong.append(f"{name}:{number} has {len(line)} columns")
            if name == "tests/test_tidy.py":
                continue
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                wrong.append(f"{name}:{number} leaves something to be done")
            if IGNORE.search(line) and not REASONED.search(line):
                wrong.append(f"{name}:{number} tells a linter to look away and not why")
    assert wrong == []


def python_functions(name: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


OPENS_NO_FUNCTION = re.compile(r"\s*(namespace|class|struct|enum|union|extern|template|//|#|\})")


def cpp_functions(name: str) -> Iterator[tuple[str, int]]:
    """Blocks that begin at the outermost level or in a class: indented by 0 or 2."""
    lines = lines_of(name)
    for at, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if indent > 2 or not line.endswith("{") or OPENS_NO_FUNCTION.match(line):
            continue
        if re.search(r"= .*\{$|=\s*\{+$", line):  # a table
            continue
        end = next(
            (i for i in range(at + 1, len(lines)) if re.match(rf"^ {{{indent}}}\}}", lines[i])), at
        )
        yield line.strip(), end - at + 1


def test_functions_are_short() -> None:
    wrong = []
    for name in tracked(PYTHON | CPP):
        found = python_functions(name) if Path(name).suffix in PYTHON else cpp_functions(name)
        wrong += [
            f"{name}: {function} has {length} lines"
            for function, length in found
            if length > FUNCTION_LINES_MAX
        ]
    assert wrong == []


def test_include_order() -> None:
    """A folder includes itself and the folders above it in design section 9."""
    wrong = []
    for name in tracked(CPP):
        if not name.startswith("native/"):
            continue
        allowed = FOLDERS[: FOLDERS.index(name.split("/")[1]) + 1]
        for line in lines_of(name):
            included = re.match(r'#include "([^"]+)"', line)
            if included and included[1].split("/")[0] not in allowed:
                wrong.append(f"{name} must not include {included[1]}")
    assert wrong == []


def test_names() -> None:
    forbidden = re.compile(r"(^|_)(utils?|helpers?|misc|common)\.")
    assert [n for n in tracked(SOURCE) if forbidden.search(Path(n).name)] == []


def test_no_generated_file_is_kept() -> None:
    generated = re.compile(r"(_pb2(_grpc)?\.pyi?|\.so|\.o|\.binpb|\.pyc|binding/_core\.cpp)$")
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [name for name in names if generated.search(name)] == []


# Nouns whose test is another's, and why.
TESTED_ELSEWHERE = {
    "base/assert": "a broken invariant ends the process",
}


def test_every_noun_has_its_test() -> None:
    """native/F/NOUN.h has tests/native/F/test_NOUN.cpp."""
    missing = []
    for name in tracked(CPP):
        folder, noun = Path(name).parent.name, Path(name).stem
        if not name.startswith("native/") or folder == "binding":
            continue
        if f"{folder}/{noun}" in TESTED_ELSEWHERE:
            continue
        if not (ROOT / f"tests/native/{folder}/test_{noun}.cpp").exists():
            missing.append(f"{folder}/{noun}")
    assert sorted(set(missing)) == []


README = "native/README.md"
FILE_NAME = re.compile(r"^[a-z0-9_]+/[A-Za-z0-9_]+\.(?:h|cpp|pyx|pxd|py)$|^src/[\w/]+\.py$")


def readme_names() -> list[tuple[str, str]]:
    """Each name that native/README.md gives in backquotes, with the file it says it is in.

    A function belongs to the file named after it (`take_output` in `http2/http2_session.cpp`), else
    to the last one named before it; what stands in brackets stays in there.
    """
    text = (ROOT / README).read_text(encoding="utf-8")
    found: list[tuple[str, str]] = []
    files = [""]
    for part in re.finditer(r"[()]|`([^`]+)`(?:\s+in\s+`([^`]+)`)?", text):
        if part[0] == "(":
            files.append(files[-1])
        elif part[0] == ")":
            files.pop()
        elif FILE_NAME.match(part[1]):
            files[-1] = part[1]
            found.append((part[1], ""))
        elif re.fullmatch(r"[a-z_]+", part[1]):
            files[-1] = part[2] or files[-1]
            found.append((files[-1], part[1]))
    return found


def test_the_life_of_a_request_is_true() -> None:
    names = readme_names()
    assert len([function for _, function in names if function]) > 30
    for file, function in names:
        path = ROOT / file if file.startswith("src/") else ROOT / "native" / file
        assert path.exists(), f"{README} names {file}"
        assert re.search(rf"\b{function}\b", path.read_text(encoding="utf-8")), (
            f"{README} says that {function} is in {file}"
        )
