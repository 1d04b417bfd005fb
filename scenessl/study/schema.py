"""Check a configuration against the closed schema and say everything that is wrong with it at once."""

import copy
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from scenessl.errors import UserError
from scenessl.study.complaints import complaints, names, refuse, suggestion
from scenessl.study.declared import DECLARABLE, Declared
from scenessl.study.manifest import OF_STARTS, SECTIONS
from scenessl.study.plain import join, show, unplain

STARTS = ("random", "imagenet")
NAMING = ("models", "starts", "sweeps", "ablations")  # keys of a deliverable that name models


def check(config: object, schema_path: Path | str, declared: Declared) -> None:
    """Check a whole configuration, as Snakemake merged it.

    Args:
        config: the configuration.
        schema_path: rules/config.schema.yaml.
        declared: what the package's modules declare.

    Raises:
        UserError: lists all mistakes, one per line, each with the key's path.
    """
    refuse(unplain(config))  # nothing further can be relied on where data is not plain
    refuse(_mistakes(config, Path(schema_path), declared))


def _mistakes(config: object, schema_path: Path, declared: Declared) -> Iterator[str]:
    """Give every mistake in plain data."""
    validator = _validator(_completed(schema_path, declared, _mapping(config).get("document")))
    yield from _against(validator, config)
    yield from _references(config, declared.tasks)
    yield from _needs(config, declared)


# --- the schema -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _read_schema(path: Path, changed: int) -> dict:
    """Read the schema once for each version of the file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _completed(path: Path, declared: Declared, document: object) -> dict:
    """Give the schema with what the package's modules declare put in: tasks and their settings, documents and so on."""
    schema = copy.deepcopy(_read_schema(path, path.stat().st_mtime_ns))
    keys = schema["properties"]
    keys["network"]["enum"] = declared.architectures
    keys["document"]["enum"] = sorted(declared.questions)
    asked = declared.questions.get(document) if isinstance(document, str) else None
    if asked:
        keys["words"]["propertyNames"]["enum"] = asked
    keys["models"]["additionalProperties"]["properties"]["task"]["enum"] = sorted(declared.tasks)
    settings = schema["$defs"]["settings"]["properties"]
    general = set(settings)
    for task, declarations in declared.tasks.items():
        for name, declaration in declarations.items():
            if name in general or settings.get(name):
                raise UserError(f"scenessl/tasks/{task}.py: SETTINGS.{name}: the name is taken; choose another one.")
            allowed = {key: part for key, part in declaration.items() if key in DECLARABLE}
            settings[name] = {"$ref": "#/$defs/justified", "properties": {"value": allowed}}
    return schema


def _validator(schema: dict) -> Draft202012Validator:
    """Make a validator for which 12.0 is no whole number (JSON says it is; range() says it is not), with `_pattern`."""
    plain = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return extend(Draft202012Validator, {"pattern": _pattern}, type_checker=plain)(schema)


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    """Match as JSON Schema means it: `$` is the end of the text, where Python lets a line break follow."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match")


def _against(validator: Draft202012Validator, config: object) -> Iterator[str]:
    """Give what the schema finds."""
    for error in validator.iter_errors(config):
        yield from complaints(error)


# --- names that must exist --------------------------------------------------------------------------------------------


def _references(config: object, tasks: dict[str, dict[str, dict]]) -> Iterator[str]:
    """Check every name that points at a model or a recipe, and whose settings a model takes.

    What has the wrong shape is passed over: the schema has said so.
    """
    listed, recipes = _mapping(_mapping(config).get("models")), _mapping(_mapping(config).get("recipes"))
    models = {name: model for name, model in listed.items() if isinstance(model, dict)}
    recipes = {name: recipe for name, recipe in recipes.items() if isinstance(recipe, dict)}
    if listed and not any(listed.values()):
        yield "models: all are dropped (null); a study needs at least one model"
    for name, model in models.items():
        yield from _recipe(join("models", name), model, recipes)
        yield from _start(join("models", name), name, model, listed)
        yield from _own_settings(join("models", name), model, recipes, tasks)
    for path, name in _named_models(_mapping(config)):
        if path.partition(".")[0] in OF_STARTS and name in STARTS:
            continue
        yield from _unknown_model(path, name, listed)


def _needs(config: object, declared: Declared) -> Iterator[str]:
    """Check that what the document asks for is made, and that the network has what is asked for."""
    document = _mapping(config).get("document")
    for section in declared.needs.get(document, []) if isinstance(document, str) else []:
        if config.get(section) is None:
            yield f"{section}: missing (the document {document} asks for it)"
    network = _mapping(config).get("network")
    others = [name for name in declared.architectures if name not in declared.invertible]
    if _mapping(config).get("inversion") is not None and network in others:
        yield f"inversion: needs a network that ends in a convolution ({names(declared.invertible)}), not {network}"


def _mapping(value: object) -> dict:
    """Give a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _recipe(path: str, model: dict, recipes: dict) -> Iterator[str]:
    """Check that a model's recipe exists."""
    wanted = model.get("recipe")
    if isinstance(wanted, str) and wanted not in recipes:
        hint = suggestion(wanted, recipes) or f" (known: {names(recipes)})"
        yield f"{path}.recipe: no recipe is called {show(wanted)}{hint}"


def _start(path: str, name: str, model: dict, listed: dict) -> Iterator[str]:
    """Check the models that one model starts from or takes its number of epochs from."""
    init, epochs = model.get("init"), model.get("epochs")
    if isinstance(init, str):
        start, mark, _ = init.partition("@")
        if start in STARTS and mark:
            yield f"{path}.init: {start} has no epochs; write {start}"
        elif start not in STARTS:
            yield from _unknown_model(f"{path}.init", start, listed, STARTS)
    if isinstance(epochs, str):
        yield from _unknown_model(f"{path}.epochs", epochs, listed)
        if epochs == name:
            yield f"{path}.epochs: takes the number of epochs from itself; leave the key out"


def _unknown_model(path: str, name: str, listed: dict, also: tuple[str, ...] = ()) -> Iterator[str]:
    """Complain when no model has this name, or when it was dropped."""
    if name not in listed:
        known = [*also, *listed]
        yield f"{path}: no model is called {show(name)}{suggestion(name, known) or f' (known: {names(known)})'}"
    elif listed[name] is None:
        yield f"{path}: the model {show(name)} was dropped (null); name another one"


def _own_settings(path: str, model: dict, recipes: dict, tasks: dict[str, dict[str, dict]]) -> Iterator[str]:
    """Check that a model has its own task's settings and no other task's, by its recipe or by itself."""
    task, recipe = model.get("task"), model.get("recipe")
    if not isinstance(task, str) or task not in tasks:
        return
    given, from_recipe = (
        _mapping(model.get("settings")),
        _mapping(recipes.get(recipe) if isinstance(recipe, str) else {}),
    )
    owners = {name: owner for owner, declared in tasks.items() for name in declared if name not in tasks[task]}
    for name in [*given, *(name for name in from_recipe if name not in given)]:
        if name in owners:
            origin = "settings" if name in given else f"recipe {recipe}"
            yield f"{path}.{origin}.{name}: is a setting of the task {owners[name]}, not of {task}"
    for name, declaration in tasks[task].items():
        if name not in given and name not in from_recipe and "default" not in declaration:
            meaning = declaration.get("description", f"a setting of the task {task}")
            yield f"{path}.settings.{name}: missing ({meaning})"


def _named_models(config: dict) -> Iterator[tuple[str, str]]:
    """Give (path, name) of every model that is named outside `models`."""
    sections = {name: _mapping(config.get(name)) for name in (*SECTIONS, "comparisons", "roles")}
    for section, content in sections.items():
        for key, named in content.items():
            if section in SECTIONS and key not in NAMING:
                continue
            for index, name in enumerate(named if isinstance(named, list) else []):
                if isinstance(name, str):
                    yield f"{section}.{key}.{index}", name
            if isinstance(named, str):
                yield join(section, key), named
