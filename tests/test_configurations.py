"""Whatever is done to a valid configuration, it is planned or refused by name: no traceback, no wait, no file."""

import json
import os
import random
import signal
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from mutations import ODD_KEYS, STRANGE, STUDENT, Mutant, anything, merge, mutants, valid
from project import Project

from scenessl.errors import UserError
from scenessl.report.naming import submission_name
from scenessl.study.local import read_local, remember, with_local
from scenessl.study.plain import show
from scenessl.study.planning import plan

ROOT = Path(__file__).resolve().parents[1]
HANGS = 30  # seconds of a call that shall take a tenth of one; tests run on busy machines
SLOW = 1.0  # seconds of the processor
WORDS = 1500  # characters of the longest line of a message
MEMORIES = {"data.json", "compute_threads", "found.json"}  # what planning may write, below results/<study>/.state


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two classes of one file each, which planning hashes and does not decode."""
    folder = tmp_path_factory.mktemp("images")
    for place in ("train/a", "train/b", "test/a", "test/b"):
        (folder / place).mkdir(parents=True)
        (folder / place / "0.png").write_bytes(place.encode())
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def in_time():
    """Fail on a call that does not end, or takes more of the processor than planning may."""

    def give_up(*_):
        raise AssertionError(f"no end within {HANGS} s")

    before, started = signal.signal(signal.SIGALRM, give_up), time.process_time()
    signal.alarm(HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert time.process_time() - started < SLOW


def written(folder: Path) -> set[Path]:
    """Find the files below a folder."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def planned(config: object) -> str:
    """Do what rules/study.smk does, in the working folder; give the message if that refuses, else an empty text."""
    before, message = written(Path.cwd()), ""
    with in_time():
        try:
            whole = with_local(config, "local.yaml")
            plan(whole, repository=ROOT, results=Path("results"))
            if whole["zip"]:
                submission_name(*(whole["student"][key] for key in STUDENT))
        except UserError as error:
            message = str(error)
    made = written(Path.cwd()) - before
    assert all(path.name in MEMORIES and path.parts[::2] == ("results", ".state") for path in made), made
    return message


def demand_plain_words(message: str, named: set) -> None:
    """Demand one line per mistake, as a user may read it, which names one of the spoilt keys."""
    first, *lines = message.splitlines()
    assert first.startswith(("the configuration has", "the run cannot start:")) == bool(lines), message
    assert all(line.startswith("  ") and len(line) < WORDS for line in lines), message
    assert "OrderedDict" not in message
    assert message.isprintable() or "\n" in message
    message.encode("utf-8")
    assert any((name in message if isinstance(name, str) else False) or show(name) in message for name in named), (
        message
    )


def spoil(examples: int, number: int, images: Path) -> Counter:
    """Spoil configurations in so many ways, drawn from a seed; count what became of them."""
    found = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutants(valid(str(images))))
    def attack(mutant: Mutant) -> None:
        message = planned(mutant.config)
        found["refused" if message else "accepted"] += 1
        if message:
            demand_plain_words(message, mutant.named)

    attack()
    return found


@pytest.mark.slow
def test_spoilt_configurations_are_planned_or_refused_by_name(here, images):
    found = spoil(200, 7, images)
    assert found["accepted"] > 10
    assert found["refused"] > 100


@pytest.mark.torture
def test_many_spoilt_configurations(here, images):
    number = int(os.environ.get("SCENESSL_SEED") or random.SystemRandom().randrange(10**9))
    print(f"SCENESSL_SEED={number}")
    found = spoil(2000, number, images)
    print(dict(found))
    assert found.total() >= 2000
    assert found["accepted"] > 100


def test_the_studies_here_are_planned(here, images):
    for config in valid(str(images)):
        assert planned(config) == ""


PATHS = [
    "",
    " ",
    "\n",
    "a\nb",
    "\0",
    "\ud800",
    "\u202egnp.exe",
    "ليلى",
    "x" * 300,
    "a/" * 400,
    "a/" * 3000,
    "{model}",
    "$HOME",
]
PATHS += [
    "../..",
    "/",
    ".",
    "~",
    "~nobody_at_all",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/proc",
    "x" * 250 + ".zip",
]


@pytest.mark.slow
@pytest.mark.parametrize("key", ["data", "weights", "folder"])
def test_odd_paths(here, images, key):
    for text in PATHS:
        main, *_, downloaded = valid(str(images))
        config = downloaded if key == "folder" else main
        (config["data"] if key == "folder" else config)[key] = text
        message = planned(config)
        if message:
            demand_plain_words(message, {key})


@pytest.mark.slow
def test_odd_names_of_students(here, images):
    for text in STRANGE:
        config = valid(str(images))[2]
        config["student"] = dict.fromkeys(STUDENT, text)
        message = planned(config)
        if message:
            demand_plain_words(message, {"student"})


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"seeds": 10**6}, "seeds: 1000000 is above 1000"),
        ({"seeds": list(range(10**6))}, "seeds: has 1,000,000 items"),
        ({"seeds": [*range(998), {}, "x"]}, "seeds.998: {} is not a whole number"),
        (
            {"embedding": {"models": ["supervised"], "images": [10**9], "perplexity": 30}},
            "images.0: 1000000000 is above",
        ),
        ({"models": {f"m{number}": {} for number in range(300)}}, "at least 200 mistakes"),
        ({"models": {f"m{number}": {} for number in range(2000)}}, "models: has 2,0"),
        ({f"key{number}": 1 for number in range(900)}, "key0: unknown key"),
        ({"words": {"1": "x" * 10**7}}, "has 10,000,000 characters"),
        ({"image_side": 10**5000}, "image_side: the number is too large"),
        (
            {"student": {"first_name": "ß" * 100, "last_name": "ß" * 100, "number": "1"}},
            "student: the submission would",
        ),
    ],
)
def test_what_is_huge_is_refused_at_once(here, images, change, needle):
    config = merge(valid(str(images))[0], change)
    message = planned(config)
    assert needle in message
    assert len(message.splitlines()) <= 42


def test_aliases_of_aliases_are_refused_at_once(here, images):
    config, value = valid(str(images))[0], "x"
    for _ in range(20):
        value = [value] * 9
    assert "no configuration here has more than 20,000" in planned(config | {"words": {"4b": value}})


@pytest.mark.parametrize("config", [{}, {"study": None}, {"models": None, "recipes": None, "roles": None}])
def test_what_is_hardly_a_configuration(here, config):
    assert "title: missing" in planned(config)


@pytest.mark.parametrize("name", ["none", "best", "comparison", "shared", "traces", "random", "imagenet"])
def test_a_models_name_is_no_other_files_name(here, images, name):
    config = valid(str(images))[2]
    config["models"][name] = dict(config["models"]["random_scenes"])
    assert f"models.{name}: no name that can be used here" in planned(config)


GIVEN = [
    "seeds=3",
    "seeds=1e6",
    "seeds=[1,2]",
    "zip=false",
    "zip=False",
    "zip=",
    "title=3",
    "title={model}",
    "study=1e5",
]
GIVEN += [
    "data=",
    "data=nan",
    "data={kind: drawn}",
    "data=[",
    "models=3",
    "models={rotation: }",
    "device=GPU",
    "nokey=1",
]
GIVEN += ["recipes={supervised: {epochs: {value: 3, reason: x}}}", "student={number: 0123456}", "image_side=224.0"]
GIVEN += ["roles={early: null}", "image_side=inf", "words={4b: 'x}", "date=2026-01-02", "seeds=0x1F", "weights=~/x"]


@pytest.mark.parametrize("entry", GIVEN)
def test_what_stands_behind_config(here, images, entry):
    from snakemake.cli import parse_config
    from snakemake.utils import update_config

    config = valid(str(images))[1]
    update_config(config, parse_config([entry]))
    message = planned(config)
    if message:
        demand_plain_words(message, {entry.partition("=")[0], "kind"})


@settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_local_yaml_is_read_or_refused_by_name(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "local.yaml"
    good = {"student": dict(STUDENT), "studies": {"scene15": {"data": "/x", "weights": None, "words": {"4b": "so"}}}}
    place = data.draw(st.sampled_from([good, good["student"], good["studies"], good["studies"]["scene15"]]))
    key = data.draw(st.sampled_from([*place, *(key for key in ODD_KEYS if isinstance(key, str | int))]))
    place[key] = data.draw(anything({}))
    if data.draw(st.booleans()):
        good = data.draw(anything({}))
    try:
        path.write_text(yaml.dump(good), encoding="utf-8", errors="surrogatepass")
    except yaml.YAMLError:
        return
    try:
        assert set(read_local(path)) == {"student", "studies"}
        with_local({"study": "scene15", "data": None}, path)
    except UserError as error:
        assert all(line.startswith(str(path)) and len(line) < WORDS for line in str(error).splitlines())


@pytest.mark.parametrize(
    "text", ["", "- a", "4b: 3", "4b: [", "4b: a\n4b: b", "3: x", "{4b: {a: b}}", "4b: &a [*a]", "\ufffe"]
)
def test_bad_words_are_refused_with_their_file(here, text):
    Path("words.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"words\.yaml"):
        remember("local.yaml", {"WORDS": "words.yaml"})
    assert not Path("local.yaml").exists()


def accepted(examples: int, number: int, images: Path) -> list[dict]:
    """Spoil configurations until so many of them are accepted all the same."""
    found: list[dict] = []

    @settings(
        max_examples=50,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutants(valid(str(images))))
    def collect(mutant: Mutant) -> None:
        if len(found) < examples and planned(mutant.config) == "":
            found.append(mutant.config)

    for more in range(100):
        seed(100 * number + more)(collect)()
        if len(found) == examples:
            break
    return found


def demand_jobs(project: Project, configs: list[dict]) -> None:
    """Have Snakemake plan every job of these configurations."""
    for number, config in enumerate(configs):
        file = project.folder / f"accepted{number}.yaml"
        plain = json.loads(json.dumps(config))  # without OrderedDict
        file.write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
        result = Project(project.folder, (file.name,)).snakemake("-n")
        assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
        assert "train_network" in result.stdout + result.stderr


@pytest.mark.slow
def test_what_is_accepted_has_jobs(here, images, project):
    demand_jobs(project, accepted(2, 3, images))


@pytest.mark.slow
def test_braces_in_a_path_are_no_wildcards(images, tmp_path, project):
    folder = tmp_path / "{model} {0}"
    folder.symlink_to(images)
    real = tmp_path / "{seed}"
    images.rename(real)
    try:
        folder.unlink()
        folder.symlink_to(real)
        demand_jobs(project, [valid(str(folder))[0]])
    finally:
        real.rename(images)


@pytest.mark.torture
def test_many_that_are_accepted_have_jobs(here, images, project):
    number = int(os.environ.get("SCENESSL_SEED") or random.SystemRandom().randrange(10**9))
    print(f"SCENESSL_SEED={number}")
    demand_jobs(project, accepted(20, number, images))
