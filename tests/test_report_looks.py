"""What the second study's answers say of filters, maps, losses and probes turns with the results."""

import html
import re
from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest
from synthetic_study import TEN, write_study

from scenessl.evaluation.metrics import mcnemar_exact
from scenessl.report import text, text_network
from scenessl.report.answers import (
    cam,
    embedding,
    expectations,
    extremes,
    filters,
    loss,
    neighbours,
    probes,
    usefulness,
    works,
)
from scenessl.report.answers.expectations import CONFIRMED, REFUTED, UNDECIDED
from scenessl.report.bibliography import WORKS
from scenessl.report.evidence import read_evidence
from scenessl.report.verdicts import start_control


def plain(markups):
    joined = " ".join(str(markup) for markup in (markups if isinstance(markups, list) else [markups]) if markup)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", joined)).replace("\u00a0", " ").split())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("cifar10"), document="cifar10")


@pytest.fixture
def evidence(root):
    return read_evidence(root)


# --- The network ---


@pytest.mark.parametrize(
    ("layers", "channels", "expected"),
    [(2, 128, "smaller in depth and width"), (9, 64, "smaller in width"), (2, 512, "smaller in depth and"),
     (9, 512, "smaller in neither depth nor width")],
)  # fmt: skip
def test_the_network_is_called_smaller_only_where_it_is(evidence, monkeypatch, layers, channels, expected):
    block = {"layers": layers, "channels": channels, "side": 8, "parameters": 1000}
    rows = [{"block": "features.0", "layers": 1, "channels": 32, "side": 32, "parameters": 928}, block, block]
    rows += [{"block": "classifier", "layers": 1, "channels": 10, "side": None, "parameters": 1290}]
    monkeypatch.setattr(text_network, "rows", lambda evidence: rows)
    said = plain(text_network.architecture(evidence))
    assert expected in said
    assert f"{2 + 2 * layers} weighted layers" in said
    assert "4,218 parameters" in said


def test_the_tables_blocks_are_those_of_the_network(evidence):
    pytest.importorskip("torch")
    rows = text_network.rows(evidence)
    assert [row["block"] for row in rows][-1] == "classifier"
    assert text_network.total(rows, "parameters") == sum(row["parameters"] for row in rows) > 100_000
    assert rows[-1]["channels"] == len(TEN)


# --- Cross-entropy and curves ---


def history(evidence, name="supervised"):
    return evidence.histories[name, 0]


def test_losses_are_interpreted_as_geometric_means_of_probabilities(evidence):
    row = next(row for row in history(evidence) if row["epoch"] == 10)
    row.update(train_loss=-log(0.8), validation_loss=-(log(0.9) + log(0.4)) / 2)
    said = plain(loss.interpretation(evidence))
    assert "ln 10 = 2.303" in said
    assert f"get 80.0 % and {100 * sqrt(0.36):.1f} % in this mean, where a guess gives 10.0 %" in said
    assert "no better than the guess" not in said
    row["validation_loss"] = 2.4
    assert "no better than the guess" in plain(loss.interpretation(evidence))


@pytest.mark.parametrize(
    ("at_first", "word"), [(2.31, "about as much as such a guess"), (2.9, "more than such"), (1.9, "less than it")]
)
def test_the_loss_before_training_is_compared_with_a_guess(evidence, at_first, word):
    history(evidence)[0]["train_loss"] = at_first
    assert word in plain(loss.interpretation(evidence))


def test_smoothed_labels_are_said_only_where_they_are(evidence):
    assert "labels are smoothed" in plain(loss.interpretation(evidence))
    for model in evidence.models.values():
        model.settings["label_smoothing"] = 0.0
    assert "smoothed" not in plain(loss.interpretation(evidence))


def test_the_chosen_epoch_is_called_the_least_error_only_if_it_is(evidence):
    rows = history(evidence)
    assert "The least error, 5.50 % of the validation images, is that of epoch 10 of 12" in plain(loss.curves(evidence))
    rows[7]["validation_accuracy"] = 0.99
    said = plain(loss.curves(evidence))
    assert "the least error, 1.00 %, was that of epoch 7" in said
    assert loss.least_error(rows) == max(rows[1:], key=lambda row: row["validation_accuracy"])


@pytest.mark.parametrize(
    ("epoch", "accuracy", "expected"),
    [
        (10, None, "Loss and error agree"),
        (6, 0.9, "although the error is lower"),
        (6, 0.96, "the error is no lower"),
        (12, 0.9, "but fewer images were classified rightly"),
        (12, 0.945, "the error did not rise"),
    ],
)
def test_lowest_loss_and_least_error_are_told_apart(evidence, epoch, accuracy, expected):
    row = next(row for row in history(evidence) if row["epoch"] == epoch)
    row["validation_loss"] = 0.01
    row["validation_accuracy"] = accuracy or row["validation_accuracy"]
    assert expected in plain(loss.curves(evidence))


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.4, 1.0, 0.6, 0.2], "it had not settled"),
        ([1.4, 0.5, 0.21, 0.2], "it had settled"),
        ([1.4, 1.5, 1.5, 1.6], "nothing was learned"),
    ],
)
def test_the_pretexts_curve_is_called_settled_or_not(evidence, losses, expected):
    evidence.histories["rotation", 0] = [{"epoch": at, "train_loss": value} for at, value in enumerate(losses)]
    said = plain(loss.pretext_curves(evidence))
    assert expected in said
    assert "a guess among its 4 answers costs 1.386" in said


# --- Three works ---


def test_the_three_works_are_in_the_bibliography():
    assert len(works.works()) == 3
    for name, key, _ in works.WORKS:
        assert key in WORKS, name


# --- Loss extremes ---


def confuse(evidence, counts):
    """Replace the rotation network's confusion matrix, [4, 4] counts."""
    turns = ["0°", "90°", "180°", "270°"]
    others = [row for row in evidence.tables["confusion"] if row["model"] != "rotation"]
    evidence.tables["confusion"] = others + [
        {"model": "rotation", "seed": 0, "true": true, "predicted": predicted, "count": int(counts[i, j])}
        for i, true in enumerate(turns)
        for j, predicted in enumerate(turns)
    ]


def test_opposite_turns_are_counted_as_a_loop_would(evidence):
    counts = np.random.default_rng(0).integers(0, 50, (4, 4))
    confuse(evidence, counts)
    opposite = sum(counts[i, j] for i in range(4) for j in range(4) if abs(i - j) == 2)
    assert extremes.half_turns(evidence, "rotation") == (opposite, counts.sum() - np.trace(counts))


@pytest.mark.parametrize(
    ("quarter", "half", "word", "outcome"),
    [
        (10, 80, "more than the third", CONFIRMED),
        (80, 10, "fewer than the third", REFUTED),
        (40, 42, "neither more nor fewer than the third", UNDECIDED),
        (0, 0, "makes no mistake", None),
    ],
)
def test_opposite_turns_are_judged_against_chance(evidence, quarter, half, word, outcome):
    counts = np.full((4, 4), quarter) + np.diag([500] * 4)
    counts[[0, 1, 2, 3], [2, 3, 0, 1]] = half
    confuse(evidence, counts - np.diag([quarter] * 4))
    said = plain(extremes.discussion(evidence))
    assert word in said
    assert ("which end of an axis is up" in said) == (outcome == REFUTED)
    judged = expectations.opposite_turns(evidence)
    assert (judged and judged.outcome) == outcome


def test_extremes_say_whether_they_are_wrong_and_share_classes(evidence):
    found = evidence.extremes["rotation"]
    assert "All of them are answered wrongly" in plain(extremes.discussion(evidence))
    right = tuple(replace(view, predicted=view.target, image=0) for view in found.largest)
    easy = tuple(replace(view, image=len(evidence.index) - 1) for view in found.lowest)
    evidence.extremes["rotation"] = replace(found, largest=right, lowest=easy)
    said = plain(extremes.discussion(evidence))
    assert "All of them are answered rightly nevertheless" in said
    assert "the two ends share no class" in said


def test_skewed_losses_are_called_so(evidence):
    found = evidence.extremes["rotation"]
    assert "a few hard views carry most of it" in plain(extremes.discussion(evidence))
    evidence.extremes["rotation"] = replace(found, mean=found.quantiles[2])
    assert "the typical view carries much of it" in plain(extremes.discussion(evidence))


# --- Filters ---


def test_counts_of_kinds_add_up_and_leave_impossible_kinds_out(evidence):
    for layers in evidence.filters.values():
        for layer in layers:
            assert sum(layer.counts.values()) == layer.shape[0]
    first, second = evidence.filters["supervised"]
    assert "colour-opponent" in first.counts
    assert "colour-opponent" not in second.counts


@pytest.mark.parametrize(
    ("kinds", "share", "outcome"),
    [([0] * 32, 1.0, CONFIRMED), ([1] * 32, 0.0, REFUTED), ([0] * 20 + [1] * 12, 0.625, UNDECIDED)],
)
def test_first_filters_are_alike_as_far_as_they_match_kind_by_kind(evidence, kinds, share, outcome):
    one = replace(evidence.filters["supervised"][0], kind=np.zeros(32, int))
    other = replace(one, kind=np.array(kinds))
    assert filters.overlap(one, other) == pytest.approx(share)
    assert not filters.of_no_kind(one, other)
    half = replace(one, kind=np.array([-1] * 16 + [0] * 16))
    assert "50.0 % of all only in" in plain([filters.of_no_kind(half, half)])
    evidence.filters["supervised"], evidence.filters["rotation"] = (one,), (other,)
    assert expectations.first_filters(evidence).outcome == outcome


def test_mixed_kernels_are_explained_and_colours_are_not(evidence):
    said = plain(filters.overview(evidence))
    assert "features.0.0 see red, green and blue" in said
    assert "features.1.0.conv1 has 32 input channels, which no colours can show" in said


def test_every_picked_filter_is_named(evidence):
    said = plain(filters.picked(evidence))
    for layers in evidence.filters.values():
        for layer in layers:
            for number, _ in layer.picked:
                assert re.search(rf"\b{number}\b", said)


# --- Class activation maps ---


@pytest.mark.parametrize(
    ("border", "expected"),
    [
        (0.2, "looks at the middle"),
        (0.7, "looks at the surroundings"),
        (0.43, "looks at middle and surroundings alike"),
    ],
)
def test_maps_look_where_the_heat_is(evidence, border, expected):
    found = evidence.activations["supervised"]
    maps = tuple(one if one.is_odd else replace(one, border=border) for one in found.maps)
    evidence.activations["supervised"] = replace(found, maps=maps)
    said = plain(cam.discussion(evidence)).split("ounter-intuitive")[0]
    assert f"the network {expected}" in said


def test_an_odd_map_that_keeps_off_the_border_is_not_called_odd(evidence):
    assert "speaks for the answer" in plain(cam.discussion(evidence))
    for name, found in evidence.activations.items():
        maps = tuple(replace(one, border=0.3) for one in found.maps)
        evidence.activations[name] = replace(found, maps=maps)
    said = plain(cam.discussion(evidence))
    assert "speaks for the answer" not in said
    assert "Counter-intuitive is" not in said
    assert "Nearest to counter-intuitive is the map" in said
    assert "no map is counter-intuitive" in said


def test_a_map_for_another_answer_than_the_networks_is_marked(evidence):
    found = evidence.activations["supervised"]
    right = tuple(replace(one, predicted=one.target) for one in found.maps)
    for name in set(evidence.activations) - {"supervised"}:
        del evidence.activations[name]
    evidence.activations["supervised"] = replace(found, maps=right)
    assert "answered wrongly" not in plain(cam.discussion(evidence))
    wrong = tuple(replace(one, predicted="another") for one in found.maps)
    evidence.activations["supervised"] = replace(found, maps=wrong)
    assert plain(cam.discussion(evidence)).count("answered wrongly") == len(found.chosen)


@pytest.mark.parametrize(("floor", "expected"), [(0.95, "with high confidence"), (0.4, "among its highest")])
def test_confidence_is_called_high_only_where_it_is(evidence, floor, expected):
    for name, found in evidence.activations.items():
        evidence.activations[name] = replace(found, floor=floor)
    assert expected in plain(cam.shown(evidence))


@pytest.mark.parametrize(
    ("flips", "outcome"), [((1, 1, 1), CONFIRMED), ((1, -1, 1), UNDECIDED), ((-1, -1, -1), REFUTED)]
)
def test_same_places_need_maps_that_agree(evidence, flips, outcome):
    found = evidence.activations["supervised"]
    maps = tuple(replace(one, coarse=flip * one.coarse) for one, flip in zip(found.maps, (*flips, 1), strict=True))
    evidence.activations["rotation_classes"] = replace(evidence.activations["rotation_classes"], maps=maps)
    assert cam.agreement(evidence, "supervised", "rotation_classes") == pytest.approx(flips)
    assert expectations.same_places(evidence).outcome == outcome


def test_no_maps_at_all_are_no_mistake(evidence):
    for name, found in evidence.activations.items():
        evidence.activations[name] = replace(found, maps=())
    said = plain([*cam.shown(evidence), *cam.discussion(evidence)])
    assert "No view is answered rightly" in said
    assert expectations.same_places(evidence) is None


# --- Embedding and neighbours ---


def set_silhouette(evidence, name, value):
    found = evidence.embeddings[name]
    partings = tuple(replace(one, silhouette_features=value) for one in found.partings)
    evidence.embeddings[name] = replace(found, partings=partings)


@pytest.mark.parametrize(
    ("supervised", "rotation", "expected", "outcome"),
    [
        (0.3, 0.1, "supervised parts the classes better than rotation (silhouette 0.20 higher)", CONFIRMED),
        (0.1, 0.3, "rotation parts the classes better than supervised (silhouette 0.20 higher)", REFUTED),
        (0.2, 0.21, "part the classes about equally well", UNDECIDED),
        (None, 0.2, "cannot be compared", None),
    ],
)
def test_classes_part_better_in_whichever_network_they_do(evidence, supervised, rotation, expected, outcome):
    set_silhouette(evidence, "supervised", supervised)
    set_silhouette(evidence, "rotation", rotation)
    assert expected in plain(embedding.interpretation(evidence))
    judged = expectations.clusters(evidence)
    assert (judged and judged.outcome) == outcome


@pytest.mark.parametrize(
    ("silhouette", "expected"),
    [
        (0.6, "form clusters of their own"),
        (0.3, "part in places"),
        (0.0, "lie in one another"),
        (None, "Too few images"),
    ],
)
def test_a_map_is_read_by_its_silhouette(evidence, silhouette, expected):
    found = evidence.embeddings["supervised"]
    partings = tuple(replace(one, silhouette=silhouette) for one in found.partings)
    evidence.embeddings["supervised"] = replace(found, partings=partings)
    assert expected in plain(embedding.interpretation(evidence))


@pytest.mark.parametrize(
    ("supervised", "rotation", "expected", "outcome"),
    [
        (0.8, 0.4, "supervised finds the right class more often than rotation, by 40.00 percentage points", CONFIRMED),
        (0.4, 0.8, "rotation finds the right class more often than supervised, by 40.00 percentage points", REFUTED),
        (0.5, 0.45, "do not tell supervised and rotation apart", UNDECIDED),
    ],
)
def test_neighbours_are_compared_within_what_so_many_images_can_tell(evidence, supervised, rotation, expected, outcome):
    shares = {"supervised": supervised, "rotation": rotation}
    for name, share in shares.items():
        evidence.neighbourhoods[name] = replace(evidence.neighbourhoods[name], share_right=share, tested=200)
    _, half = neighbours.gap(evidence, "supervised", "rotation")
    assert half == pytest.approx(1.96 * sqrt(sum(share * (1 - share) for share in shares.values()) / 200))
    assert expected in plain(neighbours.comparison(evidence))
    assert expectations.nearest_images(evidence).outcome == outcome


@pytest.mark.parametrize(("share", "outcome"), [(0.41, CONFIRMED), (0.02, REFUTED), (0.11, UNDECIDED)])
def test_neighbours_of_the_pretext_are_judged_against_chance(evidence, share, outcome):
    evidence.neighbourhoods["rotation"] = replace(evidence.neighbourhoods["rotation"], share_right=share)
    assert expectations.above_chance(evidence).outcome == outcome


# --- Probes ---


def set_right(evidence, start, block, share, validation=None):
    """Let a start's linear probe of a block be right on the first `share` of the test images."""
    probing = evidence.probings[start, 0]
    place = probing.blocks.index(block), probing.methods.index("linear")
    number = len(probing.target)
    probing.predicted[place] = np.where(np.arange(number) < round(share * number), probing.target, -1)
    probing.validation[place] = share if validation is None else validation


@pytest.mark.parametrize(
    ("inner", "last", "expected", "outcome"),
    [
        (0.75, 0.60, "In rotation an inner block transfers better than the last", CONFIRMED),
        (0.60, 0.75, "In rotation no inner block transfers better than the last", REFUTED),
        (0.70, 0.70, "In rotation the test images do not tell the best inner block from the last", UNDECIDED),
    ],
)
def test_inner_block_against_the_last(evidence, inner, last, expected, outcome):
    for block, share in zip(evidence.probings["rotation", 0].blocks, (0.2, 0.3, inner, last), strict=True):
        set_right(evidence, "rotation", block, share)
    assert expected in plain(probes.blocks(evidence))
    assert expectations.inner_block(evidence).outcome == outcome
    assert expected in plain(text.findings(evidence))


def test_the_inner_block_is_chosen_on_validation_never_on_test(evidence):
    set_right(evidence, "rotation", "features.1", 0.3, validation=0.9)
    set_right(evidence, "rotation", "features.2", 0.8, validation=0.5)
    assert probes.inner_block(evidence, "rotation") == "features.1"
    evidence.probings["rotation", 0].validation[:] = np.nan
    assert probes.inner_block(evidence, "rotation") == "features.2"


def test_probes_are_compared_image_by_image(evidence):
    set_right(evidence, "rotation", "features.2", 0.8)
    set_right(evidence, "rotation", "features.3", 0.7)
    pair = ("rotation", "features.2"), ("rotation", "features.3")
    there, back = probes.compare_probes(evidence, *pair), probes.compare_probes(evidence, *pair[::-1])
    assert there.difference == pytest.approx(0.1) == pytest.approx(-back.difference)
    assert (there.state, back.state) == ("better", "worse")
    assert there.found.found.p == mcnemar_exact(20, 0)


@pytest.mark.parametrize(
    ("inner", "last", "outcome"), [(0.6, 0.8, CONFIRMED), (0.8, 0.6, REFUTED), (0.7, 0.7, UNDECIDED)]
)
def test_the_supervised_networks_last_block_is_expected_to_be_its_best(evidence, inner, last, outcome):
    for block, share in zip(evidence.probings["supervised", 0].blocks, (0.1, 0.2, inner, last), strict=True):
        set_right(evidence, "supervised", block, share)
    assert expectations.last_block(evidence).outcome == outcome


# --- Fine-tuning, and what was expected ---


def test_a_finetuned_scheme_is_measured_against_the_supervised_one(evidence):
    assert start_control(evidence, "rotation_finetuned") == "supervised"
    assert start_control(evidence, "rotation_classes") == "random_classes"


@pytest.mark.parametrize(
    ("accuracy", "state", "said", "outcome"),
    [
        (0.99, "useful", "gives a higher test accuracy than", CONFIRMED),
        (0.90, "harmful", "gives a lower test accuracy than", REFUTED),
        (0.946, "open", "it makes no difference that could be shown", UNDECIDED),
    ],
)
def test_finetuning_is_judged_against_training_from_the_same_start(tmp_path, accuracy, state, said, outcome):
    evidence = read_evidence(write_study(tmp_path, document="cifar10", test={"rotation_finetuned": accuracy}))
    assert usefulness.usefulness(evidence, "rotation_finetuned") == state
    answer = plain(usefulness.useful(evidence))
    assert said in answer
    assert "would not answer the question for rotation_classes" in answer
    assert expectations.better_start(evidence).outcome == outcome


@pytest.mark.parametrize("accuracy", [0.99, 0.90])
def test_a_difference_between_trainings_that_are_not_alike_decides_nothing(tmp_path, accuracy):
    evidence = read_evidence(write_study(tmp_path, document="cifar10", test={"rotation_finetuned": accuracy}))
    evidence.models["rotation_finetuned"].settings["epochs"] += 3
    assert usefulness.usefulness(evidence, "rotation_finetuned") == "unlike"
    assert "not trained like its control" in plain(usefulness.useful(evidence))
    assert expectations.better_start(evidence).outcome == UNDECIDED


@pytest.mark.parametrize(
    ("test", "labels", "random"),
    [
        ({"rotation_classes": 0.6, "supervised": 0.9, "random_classes": 0.4}, CONFIRMED, CONFIRMED),
        ({"rotation_classes": 0.95, "supervised": 0.9, "random_classes": 0.951}, REFUTED, UNDECIDED),
        ({"rotation_classes": 0.3, "supervised": 0.9, "random_classes": 0.4}, CONFIRMED, REFUTED),
    ],
)
def test_labels_and_random_features_are_judged_by_paired_tests(tmp_path, test, labels, random):
    evidence = read_evidence(write_study(tmp_path, document="cifar10", test=test))
    assert expectations.labels_lead(evidence).outcome == labels
    assert expectations.beats_random(evidence).outcome == random


def test_expectations_are_counted_and_the_unexpected_is_told_with_what_was_found(evidence):
    found = expectations.expectations(evidence)
    said = plain([expectations.summary(evidence), *expectations.by_outcome(evidence)])
    assert len(expectations.rows(evidence)) == len(found) == len(expectations.JUDGES)
    assert "eleven expectations" in said
    for one in found:
        assert plain(one.expected) in said
        assert (plain(one.found) in said) == (one.outcome == REFUTED)


def test_where_nothing_is_refuted_nothing_was_unexpected(evidence, monkeypatch):
    judges = [judge for judge in expectations.JUDGES if judge(evidence).outcome != REFUTED]
    monkeypatch.setattr(expectations, "JUDGES", judges)
    said = plain(expectations.by_outcome(evidence))
    assert "Not expected: nothing; no expectation was refuted." in said
    assert "not confirmed" not in plain(expectations.summary(evidence))


def test_a_study_that_asks_for_little_has_few_expectations(tmp_path):
    nothing = dict.fromkeys(("filters", "cam", "loss_extremes", "embedding", "neighbours", "probes"))
    evidence = read_evidence(write_study(tmp_path, document="cifar10", per_class=4, **nothing))
    assert len(expectations.expectations(evidence)) == 3


@pytest.mark.parametrize("accuracy", [0.97, 0.5])
def test_no_high_pretext_accuracy_is_asked_for_where_the_assignment_asks_for_none(tmp_path, accuracy):
    evidence = read_evidence(write_study(tmp_path, document="cifar10", per_class=4, test={"rotation": accuracy}))
    assert usefulness.usefulness(evidence, "rotation_classes") == "useful"
    said = plain(text.findings(evidence))
    assert "validation accuracy on its own task" in said
    assert "converge" not in said
