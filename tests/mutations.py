"""Valid configurations, and ways to spoil them: each names the keys that a complaint may speak of."""

import collections
import copy
import datetime
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[1]
STUDIES = [
    ["config.yaml"],
    ["config.yaml", "studies/cpu.yaml"],
    ["config.yaml", "studies/demo.yaml"],
    ["studies/cifar10.yaml"],
    ["studies/cifar10.yaml", "studies/cifar10_demo.yaml"],
]
STUDENT = {"first_name": "Ada", "last_name": "Lovelace", "number": "0123456"}
DOWNLOAD = {"kind": "torchvision", "name": "CIFAR10", "folder": "cifar", "download": True}
HUGE = [10**9, 10**18, 2**63, 10**400, -(10**400), 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf, -0.0]
NUMBERS = [0, -1, 1, 2, 3, 7, 0.5, 1.0, 12.0, 1e-300, 1_000_000, *HUGE]
OF_OTHER_TYPES = [None, True, False, [], {}, [[]], [{}], {"value": 1}, [None], (1,), {1}, b"x", 1j]
DATES = [datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)]
NUMERALS = ["1e-3", "1_000", "0x1F", "0o17", "0123", "12:30", "1.5.2", "no", "NO", "null", "~", "٣", "½", "1 000"]
STRANGE = [
    "", " ", "\n", "a\n", "a\nb", "\t", "\0", "a\x1b[31m", "\x7f", "\x85", "\u2028", "\ud800", "\udfff\ud800", "\ufeff",
    "\u202egnp.exe", "e\u0301\u0323\u0308", "👩‍🚀", "ليلى", "İ", "ß" * 100, "ﷺ" * 60, "x" * 300, "x" * 100_000, "𝔵",
    "{model}", "{{x}}", "{", "}", "{0}", "%s", "$HOME", "`id`", "$(id)", "'; DROP", "<script>", "=1+1", "{{ 7*7 }}",
    "../..", "/", ".", "a/b", "a//b", "/dev/null", "/dev/zero", "~", "~nobody_at_all/x", "CON", "-", "--help", "@",
    "@3", "rotation@", "@best", "rotation@best@3", "rotation@-1", "rotation@٣", "rotation@999999", "perturbation@0",
    "rotation\n", "random@1", "a@b", "constructor", "__class__", "supervised ", "Supervised", "traces", "comparison",
    "shared",
]  # fmt: skip
TEXTS = [*NUMERALS, *STRANGE, "auto", "test", "none", "imagenet", "random", "best", "last", "all", "classifier"]
WORDS = [
    "sgd",
    "constant",
    "frozen",
    "train",
    "last",
    "whole",
    "cpu",
    "auto",
    "paper",
    "gray",
    "cifar10",
    "small_resnet",
]
KEYS = ["value", "reason", "epochs", "settings", "models", "task", "square", "kind", "epcohs", "Epochs", "epochs "]
ODD_KEYS = [*KEYS, *STRANGE, None, True, 3, 1.5, math.nan, (1, 2), datetime.date(2026, 1, 2)]


@dataclass(repr=False)
class Mutant:
    """A configuration that was spoilt, the names that a complaint may name, and what was done to it."""

    config: object
    named: set[str]
    done: list[str]

    def __repr__(self) -> str:
        """Say what was done; the whole has hundreds of lines."""
        return f"Mutant({self.done}, named={self.named})"


class Bases(list):
    """Configurations that are written in one word where a test fails."""

    def __repr__(self) -> str:
        """Name them."""
        return "bases"


def merged(names: list[str]) -> dict:
    """Read and merge configuration files as Snakemake does."""
    whole = {}
    for name in names:
        merge(whole, copy.deepcopy(read(name)))
    return whole


@cache
def read(name: str) -> dict:
    """Read one file, once."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def merge(base: dict, delta: dict) -> dict:
    """Merge as Snakemake merges configuration files."""
    for key, value in delta.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


def valid(images: str) -> list[dict]:
    """Give every study of the repository as it can be planned, with images and a student."""
    found = [merged(names) for names in STUDIES]
    for config in found:
        config["student"] = dict(STUDENT)
        config["data"] = config["data"] or images
    return Bases([*found, found[-2] | {"data": dict(DOWNLOAD)}])


def places(value: object, path: tuple = ()) -> list[tuple]:
    """List the path of every value within nested mappings and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, part in items for place in places(part, (*path, key))]


def key_of(path: tuple) -> str:
    """Name the key that a place belongs to: an item's list, a setting rather than its `value`."""
    keys = (step for step in reversed(path) if isinstance(step, str) and step not in ("value", "reason"))
    return next(keys, path[0])


def at(config: object, path: tuple) -> object:
    """Give what stands at a path."""
    for step in path:
        config = config[step]
    return config


def names_in(config: dict) -> list[str]:
    """List what can be named: models, recipes, with epochs and without."""
    models = list(config["models"]) if isinstance(config.get("models"), dict) else []
    return [*map(str, models), *(f"{name}@{epoch}" for name in models for epoch in (0, 1, 3, 99, "best"))]


def anything(config: dict) -> st.SearchStrategy:
    """Give values of every kind, nested ones among them, and names of the configuration."""
    leaf = st.sampled_from([*NUMBERS, *OF_OTHER_TYPES, *DATES]) | st.sampled_from([*TEXTS, *names_in(config)])
    leaf |= st.integers() | st.floats() | st.text(max_size=12)
    key = st.sampled_from([key for key in ODD_KEYS if isinstance(key, str)]) | st.text(max_size=5)
    return leaf | st.lists(leaf, max_size=4) | st.dictionaries(key, leaf, max_size=3)


def nested(depth: int) -> object:
    """Nest lists and mappings."""
    value: object = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def ordered(value: object) -> object:
    """Make every mapping an OrderedDict, as Snakemake reads JSON."""
    if isinstance(value, dict):
        return collections.OrderedDict((key, ordered(part)) for key, part in value.items())
    return [ordered(part) for part in value] if isinstance(value, list) else value


# --- the ways: each changes the configuration in place and returns the names that a complaint may name ----------------


def replace(draw, config, path):
    """Put anything anywhere."""
    at(config, path[:-1])[path[-1]] = draw(anything(config))
    return {key_of(path)}


def nudge(draw, config, path):
    """Change a number a little, choose another word of the same list, or put odd text where text stands."""
    place, value = at(config, path[:-1]), at(config, path)
    if isinstance(value, bool):
        place[path[-1]] = not value
    elif isinstance(value, int | float):
        place[path[-1]] = draw(
            st.sampled_from(
                [value + 1, value - 1, value * 2, value // 2, value * 0.75 if abs(value) < 2**64 else 0, -value, 0, 1]
            )
        )
    elif isinstance(value, str):
        known = [value, *WORDS, *names_in(config)]
        place[path[-1]] = draw(st.sampled_from([*known, *(f"{value}{odd[:200]}" for odd in STRANGE)]))
    elif isinstance(value, list):
        place[path[-1]] = draw(st.permutations(value))[: draw(st.integers(0, len(value)))]
    return {key_of(path)}


def remove(draw, config, path):
    """Take a key or an item away."""
    del at(config, path[:-1])[path[-1]]
    return {key_of(path)}


def blank(draw, config, path):
    """Put null anywhere."""
    at(config, path[:-1])[path[-1]] = None
    return {key_of(path)}


def add(draw, config, path):
    """Add a key or an item beside another."""
    place, value = at(config, path[:-1]), draw(anything(config))
    if isinstance(place, list):
        place.append(value)
        return {key_of(path)}
    key = draw(st.sampled_from(ODD_KEYS) | st.text(max_size=8))
    place[key] = value
    return {key}


def rename(draw, config, path):
    """Give a key another name."""
    place = at(config, path[:-1])
    if isinstance(place, list):
        return add(draw, config, path)
    key = draw(st.sampled_from(ODD_KEYS) | st.just(f"{path[-1]}x"))
    place[key] = place.pop(path[-1])
    return {key, key_of(path)}


def exchange(draw, config, path):
    """Put what stands somewhere else."""
    other = draw(st.sampled_from(places(config)))
    at(config, path[:-1])[path[-1]] = copy.deepcopy(at(config, other))
    return {key_of(path)}


def repeat(draw, config, path):
    """Repeat an item of a list, up to more often than a list can be long; wrap anything else in a list."""
    place, value = at(config, path[:-1]), at(config, path)
    times = draw(st.sampled_from([2, 3, 1001]))
    if isinstance(place, list):
        place.extend([value] * times)
        return {key_of(path)}
    place[path[-1]] = [value] * times
    return {key_of(path)}


def nest(draw, config, path):
    """Nest deeply, or hold itself."""
    place = at(config, path[:-1])
    place[path[-1]] = place if draw(st.booleans()) else nested(draw(st.sampled_from([5, 31, 40, 900])))
    return {key_of(path)}


def point(draw, config, path):
    """Change what some model starts from, follows or is part of."""
    models = config.get("models")
    lines = [name for name, line in models.items() if isinstance(line, dict)] if isinstance(models, dict) else []
    if not lines:
        return replace(draw, config, path)
    name, key = draw(st.sampled_from(lines)), draw(st.sampled_from(["init", "epochs", "recipe", "task", "train"]))
    tasks = ["scenes", "rotation", "perturbation", "simclr"]
    models[name][key] = draw(st.sampled_from([*names_in(config), *tasks, "random", "imagenet", "all", "classifier"]))
    return {name, key}


WAYS = [*[nudge] * 6, *[replace] * 2, *[point] * 2, remove, blank, add, rename, exchange, repeat, nest]


@st.composite
def mutants(draw, bases: list[dict]) -> Mutant:
    """Spoil one of the bases in one to three ways."""
    config, named, done = copy.deepcopy(draw(st.sampled_from(bases))), set(), []
    for _ in range(draw(st.sampled_from([1, 1, 1, 1, 2, 3]))):
        key = draw(st.sampled_from(list(config)))
        path, way = draw(st.sampled_from(places({key: config[key]}))), draw(st.sampled_from(WAYS))
        named |= way(draw, config, path)
        done.append(f"{way.__name__} {'.'.join(map(str, path))}"[:200])
        if "nest" in done[-1]:
            break  # what holds itself has no end of places
    return Mutant(ordered(config) if draw(st.booleans()) and done[-1].split()[0] != "nest" else config, named, done)
