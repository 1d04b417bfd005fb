""".ci/audit: findings fail, what cannot be asked is said, and nothing is called clean that was not looked at."""

import importlib.machinery
import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

FILE = Path(__file__).parent.parent / ".ci" / "audit"


@pytest.fixture
def audit(monkeypatch):
    """The script as a module, with the two programs replaced by what they would have answered."""
    loader = importlib.machinery.SourceFileLoader("audit", str(FILE))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
    loader.exec_module(module)

    def answers(stdout, code=0, stderr=""):
        done = subprocess.CompletedProcess([], code, stdout, stderr)
        monkeypatch.setattr(module, "run", lambda *_, **__: done)
        return module

    return answers


def packages(*found):
    return json.dumps({"dependencies": list(found)})


CLEAN = {"name": "a", "version": "1", "vulns": []}
BAD = {
    "name": "b",
    "version": "2",
    "vulns": [{"id": "X-1", "fix_versions": ["2.1"]}, {"id": "X-2", "fix_versions": []}],
}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


def test_findings_fail(audit, capsys):
    assert audit(packages(CLEAN, BAD, UNKNOWN), code=1).audit_packages("python") == 1
    said = capsys.readouterr().out
    assert "2 findings in 2 of 3 packages" in said
    assert "b 2: X-1, mended in 2.1" in said and "b 2: X-2, mended in no version yet" in said
    assert audit("Issue: shell", code=1).audit_code("python") == 1
    assert "Issue: shell" in capsys.readouterr().out


def test_no_finding_passes(audit, capsys):
    assert audit(packages(CLEAN)).audit_packages("python") == 0
    assert "0 findings in 1 of 1" in capsys.readouterr().out
    assert audit("").audit_code("python") == 0


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        ("", "ERROR: connection refused", "connection refused"),
        ("", "", "no answer"),
        (packages(UNKNOWN, UNKNOWN), "No known vulnerabilities found", "no advisories for any of 2 packages"),
    ],
)
def test_an_index_that_cannot_be_asked_is_said_and_fails_nothing(audit, capsys, stdout, stderr, words):
    assert audit(stdout, 1, stderr).audit_packages("python") == 0
    assert "NOT DONE" in (said := capsys.readouterr().out) and words in said


def test_an_index_that_does_not_answer_ends_in_time(audit, monkeypatch, capsys):
    module = audit("")

    def hang(*_, timeout, **__):
        raise subprocess.TimeoutExpired("pip-audit", timeout)

    monkeypatch.setattr(module, "run", hang)
    assert module.audit_packages("python") == 0
    assert "more than 45 s" in capsys.readouterr().out
