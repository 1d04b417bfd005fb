"""What belongs to one machine and one student: local.yaml, which git ignores.

    student: {first_name: Ada, last_name: Lovelace, number: '0123456'}
    studies:
      scene15:
        data: /home/ada/15-scene
        weights: null
        words: {4b: I think …}

`make report DATA=… FIRST_NAME=…` writes it through `python -m scenessl.study.local`; every later call reads it. The
student is the same in all studies; data, weights and words belong to one study. A value on Snakemake's command line
is stronger than this file, and this file is stronger than the configuration. A study that draws its own images takes
nothing from here.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import yaml

from scenessl.errors import UserError
from scenessl.files import write_text
from scenessl.study.complaints import names, suggestion
from scenessl.study.plain import QUOTES, join, show, unplain
from scenessl.study.texts import read_yaml

STUDENT = {"FIRST_NAME": "first_name", "LAST_NAME": "last_name", "NUMBER": "number"}
KEYS = ("DATA", "WEIGHTS", "WORDS", "NAME", *STUDENT)
OF_A_STUDY = ("data", "weights", "words")
MAIN_STUDY = "scene15"
NAMES = "[A-Za-z][A-Za-z0-9_-]{0,63}"
MOST = 40  # mistakes in one message
HEAD = "# Written by `make report`, read by every later call, ignored by git. It may be edited by hand.\n"


# --- reading ----------------------------------------------------------------------------------------------------------


def read_local(path: Path | str) -> dict:
    """Read local.yaml: {"student": {…}, "studies": {name: {…}}}, both empty when there is no such file.

    Raises:
        UserError: the file is no YAML, has an unknown key, or a name or number that is no text; lists all mistakes.
    """
    path = Path(path)
    found = (read_yaml(path) if os.path.lexists(path) else None) or {}
    mistakes = [f"{path}: {mistake}" for mistake in _mistakes(found)]
    if mistakes:
        raise UserError("\n".join(mistakes))
    studies = {name: known or {} for name, known in (found.get("studies") or {}).items()}
    return {"student": found.get("student") or {}, "studies": studies}


def with_local(config: Mapping, path: Path | str, command_line: Mapping | None = None) -> dict:
    """Put what local.yaml knows into a configuration.

    Args:
        config: the merged configuration, the command line's values included; not changed.
        path: local.yaml; it need not exist.
        command_line: what `--config` gave (Snakemake: workflow.config_settings.config), which stays as it is.

    Returns:
        a new configuration, which shares what did not change. One that is no mapping or draws its own images comes
        back as it is.

    Raises:
        UserError: a local.yaml that cannot be used.
    """
    if not isinstance(config, dict) or _draws(config.get("data")):
        return config
    config = dict(config)  # `_fill` puts new mappings in it and changes none
    local, given = read_local(path), command_line or {}
    for key, value in local["studies"].get(_key(config.get("study")), {}).items():
        if key == "words":
            _fill(config, "words", value, given)
        elif key not in given:
            config[key] = value
    _fill(config, "student", local["student"], given)
    return config


def _draws(data: object) -> bool:
    """Tell whether a study draws its own images."""
    return isinstance(data, dict) and data.get("kind") == "drawn"


def _key(study: object) -> str:
    """Give a study's name as a key; anything but text finds nothing."""
    return study if isinstance(study, str) else ""


def _fill(config: dict, section: str, values: Mapping, given: Mapping) -> None:
    """Put values into one mapping of the configuration, but for those that the command line gave."""
    fixed = given.get(section) or {}
    if isinstance(config.get(section) or {}, dict) and isinstance(fixed, Mapping):
        config[section] = (config.get(section) or {}) | {key: values[key] for key in values if key not in fixed}


def _mistakes(found: object) -> list[str]:
    """List what is wrong with the content of local.yaml."""
    if not isinstance(found, dict):
        return [f"{show(found)} is not a mapping (key: value)"]
    if not_plain := list(islice(unplain(found), MOST)):
        return not_plain
    student, studies = found.get("student") or {}, found.get("studies") or {}
    mistakes = _unknown("", found, ("student", "studies"))
    mistakes += _texts("student", student, tuple(STUDENT.values()))
    if not isinstance(studies, dict):
        return [*mistakes, f"studies: {show(studies)} is not a mapping of names"]
    for name, known in studies.items():
        where, known = join("studies", name), known or {}  # noqa: PLW2901 - an empty study is an empty mapping
        words = known.get("words") if isinstance(known, dict) else None
        mistakes += _texts(where, known, OF_A_STUDY, skip=("words",))
        mistakes += _texts(f"{where}.words", words or {}, None)
    return mistakes


def _texts(where: str, found: object, known: tuple[str, ...] | None, skip: tuple[str, ...] = ()) -> list[str]:
    """List what is wrong with a mapping of texts; `known` None: any key may stand in it."""
    if not isinstance(found, dict):
        return [f"{where}: {show(found)} is not a mapping (key: value)"]
    wrong = {key: value for key, value in found.items() if key not in skip and not isinstance(value, str | None)}
    mistakes = [f"{join(where, key)}: {show(value)} is not text; {QUOTES}" for key, value in wrong.items()]
    return mistakes + (_unknown(where, found, known) if known else [])


def _unknown(where: str, found: Mapping, known: Sequence[str]) -> list[str]:
    """List unknown keys."""
    wrong = [key for key in found if key not in known]
    return [f"{join(where, key)}: unknown key{suggestion(key, known) or f' (known: {names(known)})'}" for key in wrong]


# --- remembering ------------------------------------------------------------------------------------------------------


def remember(path: Path | str, given: Mapping[str, str]) -> list[str]:
    """Write what `make report` was given into local.yaml, beside what stands there already.

    Args:
        path: local.yaml.
        given: values of `KEYS`. NAME names the study (default: the main one). DATA, WEIGHTS and WORDS are paths and
            become absolute; WEIGHTS=torchvision goes back to torchvision's; WORDS is a YAML file, question: text.

    Returns:
        one line for each thing remembered.

    Raises:
        UserError: an unknown or empty value, a path that does not exist, an unreadable local.yaml. Nothing is written.
    """
    local = read_local(path)
    name = given.get("NAME", MAIN_STUDY)
    local_study = dict(local["studies"].get(name, {}))
    student = dict(local["student"])
    lines = []
    for key, value in given.items():
        _demand(key, value)
        if key in STUDENT:
            student[STUDENT[key]] = value
        elif key != "NAME":
            local_study[key.lower()] = _resolved(key, value)
        lines.append(f"{key} = {value}")
    if given:
        whole = {"student": student, "studies": dict(local["studies"]) | ({name: local_study} if local_study else {})}
        write_text(path, HEAD + yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=110))
    return lines


def _demand(key: str, value: str) -> None:
    """Refuse an unknown or an empty value, and a name that is none."""
    if key not in KEYS:
        raise UserError(f"{key}: unknown{suggestion(key, KEYS) or f' (known: {names(KEYS)})'}")
    if not value.strip():
        raise UserError(f"{key}: is empty; leave it out, or edit local.yaml to take something back.")
    if key == "NAME" and not re.fullmatch(NAMES, value):
        raise UserError(f"NAME={value}: a study's name is a letter, then letters, digits, _ or - (it names a folder).")
    broken = list(unplain(value, key))
    if broken:
        raise UserError("\n".join(broken))


def _resolved(key: str, value: str) -> object:
    """Make a path absolute and demand that it exists; read WORDS."""
    if key == "WEIGHTS" and value == "torchvision":
        return None
    path = Path(value).expanduser().absolute()
    if not path.exists():
        way_out = {
            "DATA": "the folder or the archive with the images",
            "WEIGHTS": "a .safetensors or .pth file",
            "WORDS": "a YAML file",
        }
        raise UserError(f"{key}={value}: there is no {path}. Give {way_out[key]}.")
    return _read_words(path) if key == "WORDS" else str(path)


def _read_words(path: Path) -> dict[str, str]:
    """Read the student's own words: a YAML file of question: text."""
    words = read_yaml(path)
    mistakes = list(islice(unplain(words), MOST)) or _texts("words", words, None)
    if mistakes:
        raise UserError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return words


def main(arguments: Sequence[str]) -> int:
    """Remember KEY=value arguments in ./local.yaml and say what was remembered."""
    given = {}
    for argument in arguments:
        key, mark, value = argument.partition("=")
        if not mark:
            print(f"error: {argument}: write KEY=value (known: {names(KEYS)}).", file=sys.stderr)
            return 1
        given[key] = value
    try:
        lines = remember("local.yaml", given)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if lines:
        print("remembered in local.yaml:", *lines, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
