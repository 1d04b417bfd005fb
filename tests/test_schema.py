"""The configuration is closed and described, and every mistake is named at once, whatever is written."""

import copy
import dataclasses
import datetime
import math
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from scenessl.errors import UserError
from scenessl.models.network import build
from scenessl.study.declared import Declared, task_settings
from scenessl.study.schema import check

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "rules" / "config.schema.yaml"
DECLARED = Declared.read(ROOT / "scenessl")
TASKS = ROOT / "scenessl" / "tasks"
MAIN = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
DROP = object()
STUDIES = [
    ["config.yaml", "studies/cpu.yaml"],
    ["config.yaml", "studies/demo.yaml"],
    ["studies/cifar10.yaml"],
    ["studies/cifar10.yaml", "studies/cifar10_demo.yaml"],
    ["studies/cifar10.yaml", "studies/cifar10_long.yaml"],
]


def complaint(config, declared=DECLARED):
    """Give the message of a refused configuration, an empty text for an accepted one."""
    try:
        check(config, SCHEMA, declared)
    except UserError as error:
        return str(error)
    return ""


def changed(path, value):
    """Copy the main study with one value replaced, added or (DROP) removed."""
    config = copy.deepcopy(MAIN)
    *steps, last = path.split(".")
    place = config
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    if value is DROP:
        del place[last]
    else:
        place[last] = value
    return config


def merge(base, delta):
    """Merge as Snakemake merges configuration files."""
    for key, value in delta.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


def subschemas(schema, path="schema"):
    """Walk through every schema within a schema."""
    yield path, schema
    for key in ("properties", "$defs"):
        for name, part in schema.get(key, {}).items():
            yield from subschemas(part, f"{path}.{key}.{name}") if isinstance(part, dict) else ()
    for key in ("additionalProperties", "items", "propertyNames"):
        if isinstance(schema.get(key), dict):
            yield from subschemas(schema[key], f"{path}.{key}")


def test_the_studies_here_pass():
    checked = set()
    for names in STUDIES:
        whole = {}
        for name in names:
            merge(whole, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
        assert complaint(whole) == "", names
        checked |= set(names)
    assert checked == {"config.yaml", *(f"studies/{path.name}" for path in (ROOT / "studies").glob("*.yaml"))}


def test_every_mapping_is_closed():
    for path, schema in subschemas(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))):
        if "properties" in schema and not {"$ref", "else"} & schema.keys():  # else: either branch is closed
            assert schema.get("additionalProperties") is False, path


def test_every_key_is_described():
    for path, schema in subschemas(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))):
        for name, part in schema.get("properties", {}).items():
            described = part is True or "description" in part or "$ref" in part
            assert described, f"{path}.{name}"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            "recipes.supervised.learning_rate.value",
            "1e-3",
            "recipes.supervised.learning_rate.value: '1e-3' is not a number (write 1.0e-3",
        ),
        ("recipes.supervised.learning_rate.value", 0, "recipes.supervised.learning_rate.value: 0 must be above 0"),
        ("recipes.supervised.epochs.value", 12.0, "epochs.value: 12.0 is not a whole number (write 12)"),
        ("recipes.supervised.epochs.value", True, "epochs.value: true is not a whole number"),
        ("recipes.supervised.epochs", 12, 'recipes.supervised.epochs: 12 stands alone; write {value: 12, reason: "…"}'),
        ("recipes.supervised.epochs.reason", DROP, "recipes.supervised.epochs.reason: missing"),
        ("recipes.supervised.epochs.reason", " ", "recipes.supervised.epochs.reason: is empty"),
        ("recipes.supervised.epochs.reason", None, "recipes.supervised.epochs.reason: null is not text"),
        ("recipes.supervised.epochs", DROP, "recipes.supervised.epochs: missing"),
        ("recipes.supervised.epcohs", 3, "recipes.supervised.epcohs: unknown key; did you mean 'epochs'?"),
        (
            "recipes.supervised.optimizer.value",
            "adamv",
            "optimizer.value: 'adamv' is not one of adamw, sgd; did you mean",
        ),
        ("models.supervised.task", "scene", "models.supervised.task: 'scene' is not one of"),
        (
            "models.supervised.recipe",
            "suprevised",
            "models.supervised.recipe: no recipe is called 'suprevised'; did you",
        ),
        (
            "models.supervised.init",
            "imagnet",
            "models.supervised.init: no model is called 'imagnet'; did you mean 'imagenet'",
        ),
        ("models.supervised.init", "imagenet@3", "models.supervised.init: imagenet has no epochs; write imagenet"),
        ("models.supervised.init", "rotation@x", "models.supervised.init: 'rotation@x' does not fit"),
        (
            "models.rotation_scenes.epochs",
            "supervsed",
            "models.rotation_scenes.epochs: no model is called 'supervsed'; did",
        ),
        ("models.rotation_scenes.epochs", "rotation_scenes", "takes the number of epochs from itself"),
        ("models.random", {}, "models.random: no name that can be used here (taken: random, imagenet, "),
        ("models.imagenet_scenes", None, "roles.controls.0: the model 'imagenet_scenes' was dropped (null)"),
        (
            "explain.models",
            ["supervized"],
            "explain.models.0: no model is called 'supervized'; did you mean 'supervised'",
        ),
        ("trials.sweeps", ["rotatoin"], "trials.sweeps.0: no model is called 'rotatoin'; did you mean 'rotation'"),
        ("trials.learning_rate", [0], "trials.learning_rate.0: 0 must be above 0"),
        ("repeats.seeds", 1, "repeats.seeds: 1 is below 2"),
        ("roles.latest", "nobody", "roles.latest: no model is called 'nobody'"),
        (
            "student.number",
            0o123456,
            "student.number: 42798 (what begins with 0 is octal to YAML) is not text or null; put it",
        ),
        ("student.first_name", False, "put it in quotes"),
        ("date", datetime.date(2026, 1, 2), "date: 2026-01-02 is a date to YAML; put it in quotes"),
        ("words", {4: "because"}, "words: the key 4 is no text; put it in quotes"),
        ("seeds", "3", "seeds: '3' is not a whole number or a list (write 3 without quotes"),
        ("seeds", [0, 0], "seeds: [0, 0] names something twice"),
        ("zip", "false", "zip: 'false' is not true or false (write false without quotes; after --config write False)"),
        ("validation.value", 0.7, "validation.value: 0.7 is above 0.5"),
        ("validation.value", "tset", "validation.value: 'tset' does not fit (a share of train"),
        ("image_side", math.nan, "image_side: nan is not a finite number"),
        ("image_side", 10**400, "image_side: the number is too large"),
        ("title", "half \ud800", "title: "),
        ("title", "a\x00b", "holds a control character"),
        ("study", "../elsewhere", "study: '../elsewhere' does not fit"),
        ("models", "rotation", "models: 'rotation' is not a mapping"),
        ("models", {}, "models: "),
        ("models", dict.fromkeys(MAIN["models"]), "models: all are dropped (null)"),
    ],
)
def test_a_mistake_is_named(path, value, line):
    message = complaint(changed(path, value))
    assert line in message
    assert re.match("the configuration has (1 mistake|[0-9]+ mistakes):\n  ", message)


def test_octal_number_as_yaml_reads_it():
    config = changed("student", yaml.safe_load("{first_name: A, last_name: B, number: 0123456}"))
    assert "student.number" in complaint(config)
    assert "put it in quotes" in complaint(config)
    config["student"] = yaml.safe_load('{first_name: A, last_name: B, number: "0123456"}')
    assert complaint(config) == ""


def test_all_mistakes_are_said_at_once_each_in_a_line():
    config = changed("recipes.supervised.learning_rate.value", "fast")
    config["models"]["rotation"]["init"] = "imagenat"
    config["tilte"] = "x"
    del config["device"]
    first, *lines = complaint(config).splitlines()
    assert first == "the configuration has 4 mistakes:"
    starts = ("  device:", "  models.rotation.init:", "  recipes.supervised.learning_rate.value:", "  tilte:")
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


def test_a_setting_of_another_task_is_refused():
    config = changed("models.rotation.settings", {"square": {"value": 10, "reason": "none"}})
    assert "models.rotation.settings.square: is a setting of the task perturbation, not of rotation" in complaint(
        config
    )


def test_a_tasks_setting_is_checked_and_needs_a_reason():
    assert "above 64" in complaint(changed("recipes.perturbation.square.value", 65))
    assert "square.reason: missing" in complaint(changed("recipes.perturbation.square.reason", DROP))
    assert "models.perturbation.settings.square: missing" in complaint(changed("recipes.perturbation.square", DROP))


def test_a_new_task_brings_its_settings_without_being_imported(tmp_path):
    for file in TASKS.glob("*.py"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = 'raise SystemExit("imported")\nSETTINGS: dict = {"tilt": {"type": "integer", "minimum": 1}}\n'
    (tmp_path / "tilting.py").write_text(text, encoding="utf-8")
    config = changed("models.rotation.task", "tilting")
    config["models"]["rotation"]["settings"] = {"tilt": {"value": 3, "reason": "steep"}}
    assert task_settings(tmp_path)["tilting"] == {"tilt": {"type": "integer", "minimum": 1}}
    declared = dataclasses.replace(DECLARED, tasks=task_settings(tmp_path))
    assert complaint(config, declared) == ""
    config["models"]["rotation"]["settings"]["tilt"]["value"] = 0
    assert "tilt.value: 0 is below 1" in complaint(config, declared)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SETTINGS = make()\n", "plain literal"),
        ("SETTINGS = [1]\n", "must map"),
        ("SETTINGS = {'a': {'typ': 'integer'}}\n", "SETTINGS.a: unknown key 'typ'; did you mean 'type'?"),
        ("SETTINGS = {'a': {'type': 'integer', 'default': 1}}\n", "a default needs a reason"),
        ("SETTINGS = {\n", "not valid Python"),
    ],
)
def test_a_task_that_declares_nonsense_is_named(tmp_path, text, message):
    (tmp_path / "odd.py").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        task_settings(tmp_path)
    assert "odd.py" in str(caught.value)


def test_a_file_without_settings_is_no_task(tmp_path):
    (tmp_path / "shared.py").write_text("x = 1\n", encoding="utf-8")
    assert task_settings(tmp_path) == {}


def test_a_configuration_that_holds_itself_is_refused():
    config = changed("words", {})
    config["words"]["a"] = config
    assert "levels deep" in complaint(config)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1e-3", "null", "rotation@3", 10**400, "\ud800", b"x", datetime.date(2026, 1, 1)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


def places(value, path=()):
    """Give the path of every value within nested dicts and lists."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from places(part, (*path, key))


PLACES = list(places(MAIN))[1:]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.sampled_from(PLACES), value=ODD)
def test_whatever_stands_anywhere_is_accepted_or_refused_by_name(place, value):
    config = copy.deepcopy(MAIN)
    inside = config
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    message = complaint(config)
    assert message == "" or len(message.splitlines()) > 1
    message.encode("utf-8")


@settings(max_examples=30, deadline=None)
@given(config=ODD)
def test_whatever_is_no_study_is_refused(config):
    assert complaint(config).startswith("the configuration has")


def test_the_students_words_are_about_the_documents_questions():
    assert complaint(changed("words", {"4b": "I think so."})) == ""
    assert "words.4.5" in complaint(changed("words", {"4.5": "I think so."})) or "4.5" in complaint(
        changed("words", {"4.5": "I think so."})
    )
    other = changed("words", {"4.5": "I think so."})
    other["document"] = "cifar10"
    assert "words" not in complaint(other)
    assert "did you mean 'scene15'" in complaint(changed("document", "scene16"))


def test_what_the_document_asks_for_cannot_be_left_out():
    for value in (None, DROP):
        assert "inversion: missing (the document scene15 asks for it)" in complaint(changed("inversion", value))
        assert complaint(changed("embedding", value)) == ""


def test_filters_are_inverted_of_networks_that_end_in_a_convolution():
    message = "inversion: needs a network that ends in a convolution (efficientnet_b0), not small_resnet"
    assert message in complaint(changed("network", "small_resnet"))
    for name in DECLARED.architectures:
        last = build(name, 2).features[-1]
        ends = [type(module) for module in last][:2] == [nn.Conv2d, nn.BatchNorm2d] and len(last) == 3
        assert ends == (name in DECLARED.invertible)


def test_probes_may_name_starts_that_are_no_models():
    probes = {"starts": ["random", "imagenet", "rotation"], "knn": [1], "temperature": 0.1}
    assert complaint(changed("probes", probes)) == ""
    assert "rotatoin" in complaint(changed("probes", probes | {"starts": ["rotatoin"]}))
