"""A YAML file as somebody wrote it: what is wrong with the text itself is said with file and line.

Snakemake reads configuration files before the workflow, and names neither; and it passes over what YAML readers pass
over, such as a key that stands twice. So `make` has them read here first, and the Snakefile does so as well:

    python -m scenessl.study.texts config.yaml studies/demo.yaml
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from scenessl.errors import UserError
from scenessl.study.plain import DEPTH, VALUES, show

LARGEST_FILE = 2_000_000  # bytes
# Keys by which Snakemake would do more than read: run Python that stands in the file, rewrite the workflow's paths.
NOT_OURS = ("__use_yte__", "pathvars")
HINTS = {
    "mapping values are not allowed": "text with a colon and a space in it belongs in quotes",
    "character '\\t'": "indent with spaces, not with tabs",
    "cannot start any token": "text that begins with this character belongs in quotes",
    "expected <block end>": "lines that belong together are indented alike",
    "could not determine a constructor": "text that begins with ! belongs in quotes",
    "undefined alias": "text that begins with * belongs in quotes",
    "got '<stream end>'": "a bracket or brace is not closed",
    "unexpected end of stream": "a quotation mark is not closed",
}


class _Loader(yaml.SafeLoader):
    """Reads plain data; what cannot be made of a scalar (the 45th of May) is an error with a line, too."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Make what a node stands for."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError) as error:
            reason = str(error)[:80]
            raise _mistake(node, f"{show(node.value)} cannot be read ({reason}); put it in quotes") from None


def read_yaml(path: Path | str) -> object:
    """Read a YAML file of plain data.

    Raises:
        UserError: it cannot be read, is no YAML, names a key twice, or holds itself; names the file and the line.
    """
    text = _text(Path(path))
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _demand_tree(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark or error.context_mark).line + 1
        raise UserError(f"{path}, line {line}: {_explained(error)}") from None
    except yaml.reader.ReaderError as error:
        line, sign = text.count("\n", 0, error.position) + 1, f"{chr(error.character)!a}"
        raise UserError(f"{path}, line {line}: the character {sign} cannot stand here.") from None
    except RecursionError:
        raise UserError(f"{path}: nested more than {DEPTH} levels deep.") from None


def demand_configurations(paths: Iterable[Path | str]) -> None:
    """Demand that every file can be read and holds a mapping.

    Raises:
        UserError: lists every file that does not, one per line.
    """
    mistakes = [mistake for path in paths for mistake in _mistakes(path)]
    if mistakes:
        raise UserError("\n".join(mistakes))


def _mistakes(path: Path | str) -> list[str]:
    """Say what is wrong with a configuration's file, before anybody looks at its settings."""
    try:
        content = read_yaml(path)
    except UserError as error:
        return [str(error)]
    if content is None:
        return [f"{path}: is empty. Write at least one key, or leave the file out."]
    if not isinstance(content, dict):
        return [f"{path}: {show(content)} is not a mapping (key: value)."]
    return [f"{path}: {key}: means something to Snakemake and cannot stand here." for key in NOT_OURS if key in content]


def _text(path: Path) -> str:
    """Read a file's text."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: is no file.")
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise UserError(f"{path}: is larger than {LARGEST_FILE // 1_000_000} MB, which no configuration is.")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: is no UTF-8 text. Save the file as UTF-8.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _mistake(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    """Make an error that knows its line."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _explained(error: yaml.MarkedYAMLError) -> str:
    """Say in one line what is wrong and what helps."""
    problem = " ".join(str(error.problem).split())
    begun = error.context_mark.line + 1 if error.context_mark else None
    since = f" ({error.context} that begins in line {begun})" if begun and error.problem_mark else ""
    hint = next((f"; {hint}" for sign, hint in HINTS.items() if sign in problem), "")
    return f"{problem}{since}{hint}."


def _demand_tree(node: yaml.Node) -> None:
    """Refuse what holds itself, is too deep, or stands for far more than its text (aliases of aliases)."""
    if _count(node, (), {}) > VALUES:
        raise _mistake(node, f"stands for more than {VALUES:,} values")


def _count(node: yaml.Node, above: tuple[int, ...], known: dict[int, int]) -> int:
    """Count the values that a node stands for, and look at each mapping's keys on the way."""
    if id(node) in above:
        raise _mistake(node, "an alias stands within what it names")
    if len(above) > DEPTH:
        raise _mistake(node, f"nested more than {DEPTH} levels deep")
    if id(node) not in known:
        parts = []
        if isinstance(node, yaml.MappingNode):
            _demand_single_keys(node)
            parts = [part for _, part in node.value]
        elif isinstance(node, yaml.SequenceNode):
            parts = node.value
        known[id(node)] = 1 + sum(_count(part, (*above, id(node)), known) for part in parts)
    return known[id(node)]


def _demand_single_keys(node: yaml.MappingNode) -> None:
    """Refuse a key that stands twice in one mapping; YAML readers keep the last one without a word."""
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in lines:
                raise _mistake(key, f"the key {show(key.value)} stands twice, first in line {lines[key.value]}")
            lines[key.value] = key.start_mark.line + 1


def main(arguments: Sequence[str]) -> int:
    """Check the files that are named."""
    try:
        demand_configurations(arguments)
    except UserError as error:
        print(*(f"error: {line}" for line in str(error).splitlines()), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
