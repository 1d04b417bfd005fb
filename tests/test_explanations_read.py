"""Sentences on explanations turn with invented results."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr, ttest_rel
from synthetic_study import write_study
from test_report_answers import plain

from scenessl.evaluation.repetitions import holm
from scenessl.evaluation.selectivity import Selectivity
from scenessl.report.answers import extractors, faithfulness, formulas, inversion, own_pretexts, responses
from scenessl.report.evidence import read_evidence
from scenessl.report.readers.heatmaps import pairwise
from scenessl.report.readers.samples import agreement_of, paired


@pytest.fixture
def evidence(tmp_path):
    """An invented study."""
    return read_evidence(write_study(tmp_path / "study"))


def all_of(texts):
    return plain([text for text in texts if text])


def test_drop_and_increase_are_chattopadhay_s(evidence):
    stored = evidence.heatmaps.stored["supervised"]
    stored["sample_confidence"] = np.array([0.5, 0.8, 0.4, 0.9])
    stored["sample_kept"] = np.array([0.25, 0.9, 0.4, 0.9])
    stored["sample_deletion"] = np.array([0.1, 0.1, 0.1, np.nan])
    stored["sample_insertion"] = np.array([0.1, 0.1, 0.1, np.nan])
    stored["sample_images"] = stored["sample_images"][:4]
    found = faithfulness.sample(evidence, "supervised")
    assert found.drop.tolist() == pytest.approx([0.5, 0, 0])
    assert found.increase.tolist() == [False, True, False]
    other = replace(found, images=found.images[::-1], deletion=np.array([0.3, 0.2, 0.0]))
    assert paired(other, found, "deletion").tolist() == pytest.approx([0.2, 0.1, -0.1])


def test_differences_of_the_measures_turn_with_them_and_are_no_verdict_on_maps(evidence):
    stored = evidence.heatmaps.stored
    one, other = stored["rotation_scenes"], stored["supervised"]
    names = ("sample_confidence", "sample_kept", "sample_deletion", "sample_insertion")
    for found, noise in ((one, 0.01), (other, 0.02)):
        spread = np.linspace(-noise, noise, 12)
        found |= dict(zip(names, (np.full(12, 0.9), 0.4 + spread, 0.3 - spread, 0.6 + spread), strict=True))
    same = "Between rotation_scenes and supervised no difference in drop, relative deletion and relative insertion"
    assert same in all_of(faithfulness.averages(evidence))
    other["sample_deletion"] = other["sample_deletion"] - 0.2
    found = all_of(faithfulness.averages(evidence))
    assert "rotation_scenes minus supervised is 0.22 in relative deletion" in found and "corrected" in found
    assert "no difference in drop and relative insertion" in found
    assert "not whose maps show more" in found and "of the first seed" in found
    one["sample_deletion"], other["sample_deletion"] = other["sample_deletion"], one["sample_deletion"]
    assert "rotation_scenes minus supervised is −0.22 in" in all_of(faithfulness.averages(evidence))
    one |= {name: other[name] for name in names}  # not a difference anywhere: nothing to test
    assert "cannot be told from so few images" in all_of(faithfulness.averages(evidence))


def test_contrasts_are_paired_t_tests_corrected_over_models_and_measures(evidence):
    rng = np.random.default_rng(2)
    for name in faithfulness.models(evidence):
        for key in ("kept", "deletion", "insertion"):
            evidence.heatmaps.stored[name][f"sample_{key}"] = rng.random(12)
    found = [one for own in faithfulness.contrasts(evidence, "supervised").values() for one in own.values()]
    sample = {name: faithfulness.sample(evidence, name) for name in faithfulness.models(evidence)}
    raw = [
        ttest_rel(getattr(sample[name], measure).astype(float), getattr(sample["supervised"], measure)).pvalue
        for name in sample
        if name != "supervised"
        for measure in faithfulness.CALLED
    ]
    assert [one.p for one in found] == pytest.approx(holm(raw))


def test_a_scheme_s_maps_are_closer_to_its_pretext_s_or_to_the_supervised_model_s(evidence):
    stored = evidence.heatmaps.stored
    scheme, supervised = stored["rotation_scenes"], stored["supervised"]
    scheme["sample_pretext_maps"] = scheme["sample_maps"] + 1e-4 * np.random.default_rng(0).random((12, 16, 16))
    closer = "the maps of rotation_scenes are closer to those of {} than to those of {}"
    assert closer.format("rotation", "supervised") in all_of(own_pretexts.own_pretexts(evidence))
    supervised["sample_maps"], scheme["sample_pretext_maps"] = scheme["sample_pretext_maps"], supervised["sample_maps"]
    assert closer.format("supervised", "rotation") in all_of(own_pretexts.own_pretexts(evidence))
    supervised["sample_maps"] = scheme["sample_pretext_maps"].copy()
    assert "is open" in all_of(own_pretexts.own_pretexts(evidence))
    supervised["sample_maps"] = supervised["sample_maps"] * 0
    assert "nan" not in all_of(own_pretexts.own_pretexts(evidence))


def test_a_sample_of_blank_maps_is_said_to_be_none_and_its_table_is_named(evidence):
    for stored in evidence.heatmaps.stored.values():
        stored["sample_maps"] = stored["sample_maps"] * 0
    assert "no maps can be compared" in faithfulness._agreements(evidence)
    assert "scorecam_sample_agreement" in faithfulness._agreements(evidence)


def test_what_different_images_have_in_common_is_measured():
    corner = np.zeros((4, 10, 10))
    for at in range(4):
        corner[at, at, :5] = 1
    assert agreement_of(corner, corner).unrelated == 0
    ones, others = np.random.default_rng(4).random((2, 5, 8, 8))
    assert agreement_of(ones, others).unrelated == pytest.approx(agreement_of(others, ones).unrelated)
    same = np.repeat(corner[:1], 4, axis=0)
    found = agreement_of(same, same)
    assert found.unrelated == found.overlap == 1 and found.overlap_deviation == 0


def test_agreement_leaves_out_blank_maps():
    ones = np.random.default_rng(0).random((3, 8, 8))
    others = ones.copy()
    others[1] = 0
    found = agreement_of(ones, others)
    assert (found.n, found.correlation, found.overlap) == (2, pytest.approx(1), pytest.approx(1))
    assert agreement_of(ones[:0], ones[:0]).overlap is None
    assert agreement_of(others[1:2], ones[1:2]).overlap is None


def test_maps_are_compared_as_scipy_and_sets_do():
    ones, others = np.random.default_rng(1).random((2, 5, 9, 9))
    correlation, overlap = pairwise(ones, others)
    for at, pair in enumerate(zip(ones, others, strict=True)):
        assert correlation[at] == pytest.approx(spearmanr(*map(np.ravel, pair)).statistic)
        one, other = (set(np.argsort(heat, axis=None)[-16:]) for heat in pair)
        assert overlap[at] == pytest.approx(len(one & other) / len(one | other))


def test_formulas_coincide_where_their_maps_do(evidence):
    assert "none coincides with it" in all_of(formulas.formulas(evidence))
    for name in evidence.published["explain"]["models"]:
        maps = evidence.heatmaps.stored[name]["variant_maps"]
        maps[1] = maps[0] * 2
    assert "gradcam coincide" in all_of(formulas.formulas(evidence))
    assert formulas.correlations(evidence)["gradcam"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("share", "p", "expected"),
    [
        ([0.3, 0.3, 0.3, 0, 0], [0, 0, 0, 1, 1], "seen"),
        ([0.3, 0, 0, 0, 0], [0, 1, 1, 1, 1], "not seen"),
        ([0.3, 0.3, 0.3, 0, 0], [1, 1, 1, 1, 1], "undecided"),
        ([0.01, 0.01, 0.01, 0.01, 0.01], [0, 0, 0, 0, 0], "not seen"),  # certain, and too small to matter
    ],
)
def test_an_expectation_is_seen_not_seen_or_undecided(share, p, expected):
    found = Selectivity(np.array(share), np.array(p))
    assert responses.outcome(found, np.ones(5, bool)) == expected
    assert responses.outcome(found, np.zeros(5, bool)) == "not seen"


def test_expectations_turn_with_what_filters_answer(evidence):
    found = plain([responses.tested(evidence, "rotation")])
    assert "to the turn of the image are seen" in found and "Five of five answer most to the upright image" in found
    views = evidence.inversions["rotation"].answers.views
    views["rotation"][:] = np.random.default_rng(1).normal(0, 1, views["rotation"].shape)
    found = plain([responses.tested(evidence, "rotation")])
    assert "to the turn of the image are not seen" in found and "it is lower here" in found
    del views["rotation"]
    assert "was not measured on real images, so it is undecided" in plain([responses.tested(evidence, "rotation")])


def test_a_square_is_compared_with_the_image_as_it_is(evidence):
    answers = evidence.inversions["perturbation"].answers
    assert "not seen" in plain([responses.tested(evidence, "perturbation")])
    answers.views["perturbation"] += 2
    found = plain([responses.tested(evidence, "perturbation")])
    assert "are seen" in found and "Five of five answer more with a square" in found and "it is higher here" in found
    answers.views["perturbation"] -= 4  # all fall as clearly: no filter that a square excites
    found = plain([responses.tested(evidence, "perturbation")])
    assert "are not seen" in found and "none of five answer to it by a higher response" in found


def test_classes_are_compared_by_what_filters_answer(evidence):
    answers = evidence.inversions["rotation"].answers
    coast = evidence.classes.index("coast")
    rows = responses.labels(evidence, answers.images) == coast
    answers.responses[rows] += 20
    found = all_of(responses.classes(evidence))
    assert "“coast”" in found and "the filters of rotation answer to this class more than those of" in found
    answers.responses[rows] -= 40
    assert "more than those of rotation" in all_of(responses.classes(evidence))
    assert found.count("“") == responses.CLASSES_COMPARED


def test_few_classes_are_all_compared(evidence):
    assert "the two classes whose mean responses differ most" in all_of(responses.classes(evidence))
    for name, found in evidence.inversions.items():
        few, answers = responses.labels(evidence, found.answers.images) < 2, found.answers
        few = replace(answers, images=answers.images[few], responses=answers.responses[few])
        evidence.inversions[name] = replace(found, answers=few)
    assert "Compared are all classes" in all_of(responses.classes(evidence))


def test_a_filter_that_ends_below_zero_reaches_nothing(evidence):
    units = evidence.inversions["supervised"].units
    assert replace(units[0], end=-0.01, natural=2.0).ratio == 0
    assert replace(units[0], natural=-1.0).ratio is None
    assert "filter by filter from" in plain([inversion.finding(evidence)])


def test_extractors_part_or_stay_alike(evidence):
    found = all_of(extractors.likeness(evidence))
    assert "it falls from 1.00 in features.0 to 0.60 in features.8" in found
    assert "supervised and rotation are the most alike" in found
    evidence.extractors["cka"][:] = 0.98
    found = all_of(extractors.likeness(evidence))
    assert "it hardly changes" in found and "no two models stand out" in found
    evidence.extractors["cka"][2] = np.nan
    assert "some block gives the same maps for all images" in all_of(extractors.likeness(evidence))


def test_the_same_filter_is_the_same_or_not(evidence):
    first = evidence.inversions["supervised"]
    for found in evidence.inversions.values():
        for number in first.filters:
            found.answers.responses[:, found.answers.filters.index(number)] = first.answers.of(number)
    assert "answer to much the same images in all models" in all_of(responses.same_filters(evidence))
    rng = np.random.default_rng(5)
    for found in evidence.inversions.values():
        found.answers.responses[:] = rng.normal(0, 1, found.answers.responses.shape)
    assert "filters of the same number do not answer to much the same" in all_of(responses.same_filters(evidence))
