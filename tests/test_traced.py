"""Ten numbers of a finished report's text and tables, computed again from what is stored, by code of their own."""

import csv
import html
import math
import re

import numpy as np
import pytest

from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(demo):
    """The finished demonstration's results folder."""
    return demo.folder / "results" / "demo"


@pytest.fixture(scope="module")
def report(demo, results):
    """The report's mark-up, from which the PDF is drawn."""
    return render_html(read_evidence(results), paper(demo.folder / "templates"))


def words(text):
    """Plain words, one space apart."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text.replace("<wbr>", ""))).replace("\u00a0", " ").split())


def cells(report, table, row):
    """The cells of the row of a table that begins with the names in `row`."""
    body = report[report.index(f'id="{table}"') :]
    rows = re.findall(r"<tr>(.*?)</tr>", body[: body.index("</table>")], re.DOTALL)
    found = [[words(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", one, re.DOTALL)] for one in rows]
    return next(one for one in found if one[: len(row)] == row)


class Stored:
    """The test part of a model's stored predictions."""

    def __init__(self, results, model):
        with np.load(results / f"models/{model}/seed0/predictions.npz") as file:
            rows = [at for at, part in enumerate(file["part"].tolist()) if part == 2]
            self.target = file["target"][rows].tolist()
            self.shares = file["probabilities"][rows].astype(float)
        self.said = [int(np.flatnonzero(row == row.max())[0]) for row in self.shares]
        self.right = [said == true for said, true in zip(self.said, self.target, strict=True)]
        self.accuracy = sum(self.right) / len(self.right)


def hundred(value):
    return f"{100 * value:.2f}".replace("-", "−")


def test_accuracy_and_its_interval(report, results):
    found, row = Stored(results, "supervised"), cells(report, "accuracy", ["supervised"])
    n, z = len(found.right), 1.959963984540054
    centre, root = (
        found.accuracy + z * z / 2 / n,
        z * math.sqrt(found.accuracy * (1 - found.accuracy) / n + (z / 2 / n) ** 2),
    )
    ends = [(centre + sign * root) / (1 + z * z / n) for sign in (-1, 1)]
    assert hundred(found.accuracy) in row
    assert f"{hundred(ends[0])} to {hundred(ends[1])} %" in row


def test_balanced_accuracy_f1_and_calibration(report, results):
    found, row = Stored(results, "rotation_scenes"), cells(report, "beside", ["rotation_scenes"])
    pairs = list(zip(found.target, found.said, strict=True))
    recalls, f1 = [], []
    for label in range(15):
        true, called = found.target.count(label), found.said.count(label)
        both = pairs.count((label, label))
        recalls.append(both / true)
        f1.append(2 * both / (true + called))
    bins = {}
    for share, right in zip(found.shares.max(1).tolist(), found.right, strict=True):
        bins.setdefault(min(14, math.ceil(share * 15) - 1), []).append(share - right)
    error = sum(abs(sum(members)) for members in bins.values()) / len(found.right)
    assert row[2] == hundred(sum(recalls) / 15)
    assert row[3] == hundred(sum(f1) / 15)
    assert row[5] == hundred(error)


def test_a_paired_difference_and_its_exact_test(report, results):
    a, b = Stored(results, "rotation_scenes"), Stored(results, "random_scenes")
    only_a = sum(one and not other for one, other in zip(a.right, b.right, strict=True))
    only_b = sum(other and not one for one, other in zip(a.right, b.right, strict=True))
    whole = only_a + only_b
    tail = sum(math.comb(whole, k) for k in range(min(only_a, only_b) + 1)) / 2**whole
    p = min(1.0, 2 * tail)
    row = cells(report, "comparisons", ["rotation_scenes", "random_scenes"])
    assert row[2] == f"{100 * (a.accuracy - b.accuracy):.2f}".replace("-", "−")
    assert row[4:6] == [str(only_a), str(only_b)]
    assert row[7] == ("p < 0.001" if p < 0.001 else f"p = {p:.3f}")
    size, signed = hundred(abs(a.accuracy - b.accuracy)), f"{100 * (a.accuracy - b.accuracy):+.2f} points"
    told = (f"by {size} percentage points", f"rotation_scenes minus random_scenes is {signed}".replace("-", "−"))
    assert any(text in words(report) for text in told)


def test_the_features_at_the_pretexts_latest_epoch(report, results):
    with np.load(results / "trajectory/rotation_seed0.npz") as file:
        right = (file["predicted"] == file["target"]).tolist()
        cka = file["cka_start"][-1]
        last = int(file["epochs"][-1])
    row = cells(report, "trajectory_table", ["rotation", str(last)])
    assert row[3] == hundred(sum(right[-1]) / len(right[-1]))
    assert row[5] == hundred((sum(right[-1]) - sum(right[0])) / len(right[0]))
    assert cells(report, "similarity", ["rotation", str(last), "CKA"])[-1] == f"{cka[-1]:.2f}".replace("-", "−")


def test_the_accuracy_with_one_label_per_class(report, results):
    with np.load(results / "label_efficiency/seed0.npz") as file:
        chosen = [
            at for at, (s, k) in enumerate(zip(file["start"], file["labels"], strict=True)) if (s, k) == ("random", 1)
        ]
        shares = [float((file["predicted"][at] == file["target"]).mean()) for at in chosen]
    middle = sum(shares) / len(shares)
    deviation = math.sqrt(sum((share - middle) ** 2 for share in shares) / (len(shares) - 1))
    assert cells(report, "labels_table", ["random"])[1] == f"{hundred(middle)} ± {hundred(deviation)}"


def test_the_spread_of_a_classifiers_repeats_the_first_of_which_is_the_model(report, results):
    with np.load(results / "repeats/seed0.npz") as file:
        chosen = [at for at, model in enumerate(file["model"].tolist()) if model == "rotation_scenes"]
        said, target, seeds = file["predicted"][chosen].tolist(), file["target"].tolist(), file["seed"][chosen].tolist()
    assert seeds == [0, 1] and said[0] == Stored(results, "rotation_scenes").said
    shares = [sum(map(int.__eq__, one, target)) / len(target) for one in said]
    middle, apart = sum(shares) / 2, abs(shares[0] - shares[1])
    row = cells(report, "repeats", ["rotation_scenes"])
    assert row[1:5] == [hundred(shares[0]), "2", hundred(middle), hundred(apart / math.sqrt(2))]
    assert row[5:] == [hundred(min(shares)), hundred(max(shares)), hundred(apart)]


def test_the_largest_gap_in_the_text(report, results):
    with open(results / "models/supervised/seed0/history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    gaps = [float(row["train_accuracy"]) - float(row["validation_accuracy"]) for row in rows]
    widest = gaps.index(max(gaps))
    told = words(report)
    assert f"it is largest at epoch {widest} ({100 * gaps[widest]:+.2f} points)".replace("-", "−") in told


def test_average_drop_and_areas_over_the_sample(report, results):
    with np.load(results / "explain/scorecam/supervised.npz") as file:
        before, kept, deletion = (
            file[f"sample_{name}"].astype(float).tolist() for name in ("confidence", "kept", "deletion")
        )
    there = [at for at, value in enumerate(deletion) if not math.isnan(value)]
    drops = [max(0, before[at] - kept[at]) / before[at] for at in there]
    row = cells(report, "scorecam_sample", ["supervised"])
    assert row[2] == hundred(sum(drops) / len(drops))
    assert row[3] == hundred(sum(kept[at] > before[at] for at in there) / len(there))
    assert row[4] == f"{sum(deletion[at] for at in there) / len(there):.2f}" and row[6] == str(len(there))


def test_the_verdict_on_an_inverted_filter(report, results):
    with np.load(results / "explain/inversion/rotation.npz") as file:
        filters, moved, natural = (file[name].tolist() for name in ("filters", "moved", "natural_max"))
    for at, number in enumerate(filters):
        row = cells(report, "inversion", ["rotation", str(number)])
        assert row[-1] == ("yes" if moved[at] > natural[at] else "no")
