"""What the package's modules declare, read from their text: the workflow plans without importing torch.

A task, an architecture and a document are one module each; a new file in the right folder is known at once.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

from scenessl.errors import UserError
from scenessl.study.complaints import names, suggestion
from scenessl.study.plain import show

DECLARABLE = {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "description"}


@dataclass(frozen=True)
class Declared:
    """What there is to choose from.

    Attributes:
        tasks: task -> its own settings (see `task_settings`).
        architectures: names of networks.
        invertible: those whose last block `inversion` can look into.
        questions: document -> the keys of its questions.
        needs: document -> the deliverables that it asks for.
    """

    tasks: dict[str, dict[str, dict]]
    architectures: list[str]
    invertible: list[str]
    questions: dict[str, list[str]]
    needs: dict[str, list[str]]

    @classmethod
    def read(cls, package: Path | str) -> "Declared":
        """Read the modules of the package at `package`."""
        package = Path(package)
        architectures = package / "models" / "architectures"
        return cls(
            tasks=task_settings(package / "tasks"),
            architectures=sorted(path.stem for path in architectures.glob("[a-z]*.py")),
            invertible=sorted(file.stem for file, value in _literals(architectures, "INVERTIBLE").items() if value),
            questions=_listed(package / "report" / "documents", "QUESTIONS"),
            needs=_listed(package / "report" / "documents", "NEEDS"),
        )


def _listed(folder: Path, name: str) -> dict[str, list[str]]:
    """Read a list of names, or the keys of a mapping, that every module of a folder declares."""
    found = {}
    for file, content in _literals(folder, name).items():
        if not isinstance(content, (dict, list, tuple)):
            raise UserError(f"{file}: {name} must be a mapping or a list of names.")
        found[file.stem] = [str(key) for key in content]
    return found


def task_settings(tasks_folder: Path | str) -> dict[str, dict[str, dict]]:
    """Read which settings each task declares, without importing any task.

    A task is a file <task>.py with a top-level literal
    SETTINGS = {"square": {"type": "integer", "minimum": 1, "maximum": 64, "default": 10, "reason": "…"}}.
    `default` and `reason` may be left out: models of the task must then give the setting.

    Returns:
        task -> setting -> declaration; a task without settings of its own has an empty dict.

    Raises:
        UserError: a SETTINGS that is no such literal.
    """
    found = _literals(Path(tasks_folder), "SETTINGS")
    for file, declarations in found.items():
        _demand_declarations(file, declarations)
    return {file.stem: declarations for file, declarations in found.items()}


def task_views(tasks_folder: Path | str) -> dict[str, int]:
    """Read how many views of an image each task shows (`VIEWS`), without importing any task."""
    return {file.stem: views for file, views in _literals(Path(tasks_folder), "VIEWS").items()}


def _literals(folder: Path, name: str) -> dict[Path, object]:
    """Read what each module of a folder assigns to `name`; modules that assign nothing to it are left out."""
    found = {}
    for file in sorted(folder.glob("[a-z]*.py")):
        try:
            tree = ast.parse(file.read_bytes(), filename=str(file))
        except (SyntaxError, ValueError) as error:
            raise UserError(f"{file}: is not valid Python ({error}).") from error
        for value in [node.value for node in tree.body if _assigns(node, name)][-1:]:
            found[file] = _literal(file, name, value)
    return found


def _literal(file: Path, name: str, value: ast.expr) -> object:
    """Evaluate a literal; anything else is refused."""
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError) as error:
        raise UserError(f"{file}: {name} must be a plain literal, so that it can be read without importing.") from error


def _assigns(node: ast.stmt, name: str) -> bool:
    """Tell whether a statement is `name = …`, annotated or not."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _demand_declarations(file: Path, found: object) -> None:
    """Refuse a SETTINGS that says something the schema cannot use."""
    known = DECLARABLE | {"default", "reason"}
    for name, declaration in found.items() if isinstance(found, dict) else [(show(found), None)]:
        if not isinstance(declaration, dict) or not isinstance(name, str):
            raise UserError(f"{file}: SETTINGS must map each setting's name to a dict such as {{'type': 'integer'}}.")
        for key in declaration:
            if key not in known:
                hint = suggestion(key, known) or f" (known: {names(sorted(known))})"
                raise UserError(f"{file}: SETTINGS.{name}: unknown key '{key}'{hint}")
        if ("default" in declaration) != ("reason" in declaration):
            raise UserError(f"{file}: SETTINGS.{name}: a default needs a reason, and a reason a default.")
