"""The report of one, of some and of many seeds: tables of a bearable length, and the missing ones named."""

import pytest
from synthetic_study import write_study
from test_report_render import html_of, words_of

from scenessl.files import read_csv, write_csv


def study(root, number, **changes):
    """An invented study of `number` seeds, whose accuracies stay below 1."""
    seeds = tuple(range(number))
    folder = write_study(root, classes=["coast", "forest", "street"], per_class=2, seeds=seeds, **changes)
    rows = read_csv(folder / "tables" / "accuracy.csv")
    limited = [row | {"test_accuracy": min(1, float(row["test_accuracy"]))} for row in rows]
    write_csv(folder / "tables" / "accuracy.csv", limited, list(rows[0]))
    return folder


def test_one_seed_has_intervals_and_no_spread(tmp_path):
    text = words_of(html_of(study(tmp_path, 1)))
    assert "one seed" in text and "One seed was run" in text and "but for those of the classifiers alone" in text
    assert "seeds together" not in text and "missing, " not in text and "seeds were asked for" not in text


@pytest.mark.parametrize(("number", "is_few"), [(3, True), (40, False)])
def test_many_seeds_are_told_together_and_few_one_by_one_as_well(tmp_path, number, is_few):
    folder = study(tmp_path, number)
    html = html_of(folder)
    tables = html[html.index('id="comparisons"') : html.index('id="per_class"')]
    pairs = len(read_csv(folder / "tables" / "differences.csv"))
    assert tables.count("<tr>") == 1 + pairs + is_few * (1 + number * pairs)
    text = words_of(html)
    assert f"(all {number} seeds together)" in text
    assert "Student’s 95 % intervals of the mean" in text
    assert ("a faint point per seed" in text) != is_few
    assert "means over the seeds, the ranges of the first" in text and "Over all seeds" in text


def test_missing_seeds_are_named_with_how_many_there_are(tmp_path):
    text = words_of(html_of(study(tmp_path, 3, missing_seeds=[3, 4])))
    assert "Five seeds were asked for, and n = 3 of them are in these results" in text
    assert "seed 3 and seed 4 are missing in all models" in text
    one = words_of(html_of(study(tmp_path / "one", 1, missing_seeds=[1])))
    assert "Two seeds were asked for, and n = 1 of them is in these results: seed 1 is missing" in one
