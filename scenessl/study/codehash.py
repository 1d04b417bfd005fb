"""Which files a piece of code stands on, and a hash of what they do: so that a rule reruns when its code changes.

Two ways to name code as what a rule depends on:

- `sources(...)` among its inputs: compared by content, a comment counts; for figures and the report, which are cheap.
- `code_hash(...)` among its params: comments, docstrings and layout do not count; for trainings, which are costly.

Imports are read from the syntax tree, never executed. What is imported by a computed name (a task chosen by the
configuration) is invisible here: the caller names that module too.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scenessl.errors import UserError

DIGITS = 12
# Says nothing about what code does, or appears in some versions of Python only.
SILENT = frozenset({"ctx", "kind", "type_comment", "type_ignores", "lineno", "col_offset"})


class Code:
    """The modules of one package and the scripts beside it. Every file is read and parsed once."""

    def __init__(self, root: Path | str, package: str = "scenessl") -> None:
        """Take the repository's root, which holds the folder `package`."""
        self.root = Path(root)
        self.package = package
        self._trees: dict[Path, ast.Module] = {}
        self._imports: dict[Path, frozenset[Path]] = {}
        self._hashes: dict[Path, str] = {}

    def sources(self, *modules: str) -> list[str]:
        """List the files that some code stands on, itself included.

        Args:
            modules: modules of the package ("training.loop" or "scenessl.training.loop"), or paths of scripts relative
                to the root ("workflow_scripts/train.py").

        Returns:
            paths relative to the root, with forward slashes, sorted.

        Raises:
            UserError: a module or script that does not exist, also one that is only imported, or invalid Python.
        """
        seen: set[Path] = set()
        waiting = [self._find(module) for module in modules]
        while waiting:
            file = waiting.pop()
            if file not in seen:
                seen.add(file)
                waiting += self._imported(file)
        return sorted(file.relative_to(self.root).as_posix() for file in seen)

    def code_hash(self, *modules: str) -> dict[str, str]:
        """Hash the syntax tree of every file that `sources` lists: {path: 12 hex digits}.

        The same in every version of Python from 3.11 on, as long as the grammar means the same.
        """
        return {file: self._hash(self.root / file) for file in self.sources(*modules)}

    def _find(self, module: str) -> Path:
        """Find the file of a script's path or of a module's name."""
        if module.endswith(".py"):
            file = self.root / module
            if not file.is_file():
                raise UserError(f"{module}: there is no such script.")
            return file
        name = module if f"{module}.".startswith(f"{self.package}.") else f"{self.package}.{module}"
        file = self._file(name)
        if file is None:
            raise UserError(f"{name}: there is no such module.")
        return file

    def _file(self, module: str) -> Path | None:
        """Find the file of a module by its full name, None when there is none."""
        place = self.root.joinpath(*module.split("."))
        return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)

    def _tree(self, file: Path) -> ast.Module:
        """Parse a file."""
        if file not in self._trees:
            try:
                self._trees[file] = ast.parse(file.read_bytes(), filename=str(file))
            except (SyntaxError, ValueError) as error:
                raise UserError(f"{file}: is not valid Python ({error}).") from error
        return self._trees[file]

    def _imported(self, file: Path) -> frozenset[Path]:
        """Find the package's files that a file imports, anywhere in it, and the packages that hold them."""
        if file not in self._imports:
            found: set[Path] = set()
            for line, module in self._imported_names(file):
                parts = module.split(".")
                files = [self._file(".".join(parts[: end + 1])) for end in range(len(parts))]
                if files[-1] is None:
                    raise UserError(f"{file}, line {line}: imports {module}, which does not exist.")
                found.update(part for part in files if part)
            self._imports[file] = frozenset(found)
        return self._imports[file]

    def _imported_names(self, file: Path) -> Iterator[tuple[int, str]]:
        """Give (line, full module name) of each import of the package."""
        for node in ast.walk(self._tree(file)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if self._is_ours(alias.name):
                        yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(file, node)
                if self._is_ours(origin):
                    yield node.lineno, origin
                    inner = [f"{origin}.{alias.name}" for alias in node.names]
                    yield from ((node.lineno, module) for module in inner if self._file(module))

    def _is_ours(self, module: str) -> bool:
        """Tell whether a module belongs to the package."""
        return f"{module}.".startswith(f"{self.package}.")

    def _origin(self, file: Path, node: ast.ImportFrom) -> str:
        """Give the full name of the module behind `from`, relative imports resolved."""
        if not node.level:
            return node.module or ""
        folder = file.parent.relative_to(self.root).parts
        above = folder[: len(folder) - node.level + 1]
        return ".".join([*above, *([node.module] if node.module else [])])

    def _hash(self, file: Path) -> str:
        """Hash what a file does."""
        if file not in self._hashes:
            text = "".join(_written(self._tree(file)))
            self._hashes[file] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
        return self._hashes[file]


def _written(node: object) -> Iterator[str]:
    """Write a syntax tree without comments, docstrings, places in the file, and fields that are empty.

    `ast.dump` would do but for new versions of Python, which add fields (type_params in 3.12) or leave empty ones out
    (3.13). Here every empty field is left out, so that a field that old code cannot use changes nothing.
    """
    if isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in ast.iter_fields(node):
            if name == "body" and _has_docstring(node):
                value = value[1:]  # noqa: PLW2901 - the docstring says nothing to the machine
            if name in SILENT or (value in (None, []) and not isinstance(node, ast.Constant)):
                continue
            yield f"{name}="
            yield from _written(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for item in node:
            yield from _written(item)
            yield ","
        yield "]"
    else:
        yield repr(node)


def _has_docstring(node: ast.AST) -> bool:
    """Tell whether a node's first statement is its docstring."""
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


# --- this repository --------------------------------------------------------------------------------------------------


@cache
def _here() -> Code:
    """Give the code that this module is part of."""
    return Code(Path(__file__).resolve().parents[2])


@cache
def _sources(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the answer: the workflow asks once for every job."""
    return tuple(_here().sources(*modules))


@cache
def _code_hash(modules: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Keep the answer: the workflow asks once for every job."""
    return tuple(_here().code_hash(*modules).items())


def sources(*modules: str) -> list[str]:
    """List this repository's files that some modules or scripts stand on; see `Code.sources`."""
    return list(_sources(modules))


def code_hash(*modules: str) -> dict[str, str]:
    """Hash this repository's files that some modules or scripts stand on; see `Code.code_hash`."""
    return dict(_code_hash(modules))
