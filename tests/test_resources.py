"""What jobs ask of a machine or a cluster, and which of them run where Snakemake does."""

import ast
import csv
import re

import pytest
from project import ROOT

from scenessl.study.codehash import sources

RULE = re.compile(r"^( *)rule (\w+):\n(.*?)(?=^\1\S|\Z)", re.MULTILINE | re.DOTALL)
LOCAL = re.compile(r"^ *localrules:\n((?: +\w+,\n)+)", re.MULTILINE)


def rule_texts():
    """The text of every rule, by name."""
    files = [ROOT / "Snakefile", *(ROOT / "rules").rglob("*.smk")]
    return {name: text for file in files for _, name, text in RULE.findall(file.read_text(encoding="utf-8"))}


def local_rules():
    """The names of all local rules."""
    files = [ROOT / "Snakefile", *(ROOT / "rules").rglob("*.smk")]
    lists = [found for file in files for found in LOCAL.findall(file.read_text(encoding="utf-8"))]
    return {name for names in lists for name in re.findall(r"\w+", names)}


def script(text):
    """The script that a rule runs, None where it runs none."""
    found = re.search(r'"(?:\.\./)+(workflow_scripts/\w+\.py)"\n', text)
    return found and found[1]


def imported(file):
    """The packages that a file imports anywhere in it."""
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def takes_torch(name):
    """Whether a script imports torch, by whatever way; joblog does so only for a job that names its threads."""
    closure = set(sources(name)) - {"scenessl/joblog.py"}
    return any({"torch", "torchvision"} & set(imported(file)) for file in closure)


def test_the_reader_of_rules_finds_them():
    assert {"train_network", "fetch", "fetch_weights", "draw", "report", "probe_chart", "all"} <= set(rule_texts())
    assert takes_torch("workflow_scripts/train_network.py") and not takes_torch("workflow_scripts/curves.py")
    assert {"all", "fetch", "curves", "probe_chart"} <= local_rules() <= set(rule_texts())


@pytest.mark.parametrize("name", sorted(name for name in local_rules() if script(rule_texts()[name])))
def test_a_local_rule_takes_no_torch(name):
    path = script(rule_texts()[name])
    assert not takes_torch(path)
    assert "job(snakemake.log[0]):" in (ROOT / path).read_text(encoding="utf-8")  # no threads: joblog takes no torch


def test_what_draws_is_local_so_that_no_figure_waits_in_a_queue():
    drawing = {name for name, text in rule_texts().items() if "/figures/" in text.partition("log:")[0]}
    assert len(drawing - {"report", "checks"}) > 10
    assert drawing - {"report", "checks"} <= local_rules()


def test_what_runs_a_network_says_what_it_needs():
    heavy = {name for name, text in rule_texts().items() if "gpu=GPU" in text}
    assert {"train_network", "features", "predict_network", "scorecam", "inversion"} <= heavy
    assert all(re.search(r"\*\*(INFERENCE|TRAINING|TRIALLING|CHOOSING),", rule_texts()[name]) for name in heavy)


def test_no_rule_asks_for_all_cores_or_tries_again():
    """Threads of all cores would ask a cluster for as many; retries in a rule would also run inside each job."""
    for text in rule_texts().values():
        assert not re.search(r"threads: workflow\.cores$|^ *retries:", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["samples", "embedding", "neighbours", "loss_extremes"])
def test_what_takes_less_time_than_torch_takes_to_start_is_one_job(name):
    """Snakemake demands of a log all wildcards of the outputs."""
    text = rule_texts()[name]
    assert takes_torch(script(text))
    assert "{{" not in text.partition("log:")[2].partition("params:")[0]


RESOURCES = re.compile(
    r"^rule (\w+):\n(?:    .*\n)*?    benchmark: (.*)\n(?:    .*\n)*?    resources: (.*)$", re.MULTILINE
)


def asked(demo, *arguments):
    """What a dry run of everything asks for: benchmark file -> {resource: number}."""
    result = demo.snakemake("-n", "--forceall", *arguments)
    assert result.returncode == 0, result.stderr
    found = RESOURCES.findall(result.stdout + result.stderr)
    return {path: {key: int(n) for key, n in re.findall(r"(mem_mb|runtime)=(\d+)", line)} for _, path, line in found}


@pytest.mark.slow
def test_jobs_ask_for_more_than_they_took_and_for_more_at_the_next_attempt(demo):
    first, second = asked(demo), asked(demo, "--attempt", "2")
    assert len(first) > 10
    for path, resources in first.items():
        with open(demo.folder / path, encoding="utf-8") as file:
            (measured,) = csv.DictReader(file, delimiter="\t")
        assert resources["mem_mb"] > 1.2 * float(measured["max_rss"]), path
        assert resources["runtime"] * 60 > 4 * float(measured["s"]), path
        assert all(abs(second[path][key] - 2 * number) <= 1 for key, number in resources.items())
