"""The sentences turn with the results: opposite outcomes, opposite answers."""

import html
import re

import pytest
from synthetic_study import write_study

from scenessl.files import read_json, write_json
from scenessl.report import text_data
from scenessl.report.answers import (
    accuracy,
    inversion,
    scorecam,
    training,
    usefulness,
)
from scenessl.report.evidence import read_evidence
from scenessl.report.verdicts import compare, converged_statement, convergence, start_control, statement


def plain(markups):
    joined = " ".join(str(markup) for markup in (markups if isinstance(markups, list) else [markups]) if markup)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", joined)).replace("\u00a0", " ").split())


def evidence_with(folder, **keywords):
    return read_evidence(write_study(folder, **keywords))


def test_the_more_accurate_scheme_is_named_whichever_it_is(tmp_path):
    one = evidence_with(
        tmp_path / "one", test={"supervised": 0.95, "rotation_scenes": 0.88, "perturbation_scenes": 0.84}
    )
    other = evidence_with(
        tmp_path / "other", test={"supervised": 0.80, "rotation_scenes": 0.88, "perturbation_scenes": 0.84}
    )
    close = evidence_with(
        tmp_path / "close", test={"supervised": 0.881, "rotation_scenes": 0.88, "perturbation_scenes": 0.84}
    )
    assert plain(accuracy.winner(one)).startswith("supervised (95.00 % test accuracy) classifies")
    assert plain(accuracy.winner(other)).startswith("rotation_scenes (88.00 % test accuracy) classifies")
    assert "no single scheme wins" in plain(accuracy.winner(close))


@pytest.mark.parametrize(
    ("accuracy", "control", "pretext", "expected"),
    [
        (0.90, 0.85, 0.97, "useful"),
        (0.90, 0.85, 0.80, "unconverged"),
        (0.80, 0.85, 0.97, "harmful"),
        (0.851, 0.85, 0.97, "open"),
    ],
)
def test_usefulness_is_judged_against_the_control_and_needs_a_solved_pretext(
    tmp_path, accuracy, control, pretext, expected
):
    test = {"rotation_scenes": accuracy, "imagenet_scenes": control, "rotation": pretext}
    evidence = evidence_with(tmp_path, test=test)
    assert start_control(evidence, "rotation_scenes") == "imagenet_scenes"
    assert usefulness.usefulness(evidence, "rotation_scenes") == expected
    answer = plain(usefulness.useful(evidence))
    assert ("rotation converged" in answer) == (pretext > 0.96)
    assert ("rotation ended at" in answer) == (pretext < 0.96)
    assert "did not converge" not in answer
    parts = {
        "useful": "useful for rotation_scenes",
        "unconverged": "unproven use for rotation_scenes",
        "harmful": "harmful for",
        "open": "no shown use for rotation_scenes",
    }
    assert parts[expected] in answer


def test_in_the_demo_the_random_start_is_the_control(tmp_path):
    evidence = evidence_with(tmp_path, demo=True)
    assert start_control(evidence, "rotation_scenes") == "random_scenes"


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        (0.90, "cost scene accuracy"),
        (0.70, "helped the scenes"),
        (0.841, "no difference between their results is shown"),
    ],
)
def test_early_and_latest_epoch(tmp_path, early, expected):
    answer = plain(accuracy.early_latest(evidence_with(tmp_path, test={"perturbation_scenes_3": early})))
    others = {"cost scene accuracy", "helped the scenes", "no difference between their results is shown"} - {expected}
    assert expected in answer
    assert not any(other in answer for other in others)


def test_against_its_start_only_what_was_tested_is_judged(tmp_path):
    evidence = evidence_with(tmp_path)
    pair = {"perturbation_scenes_3", "imagenet_scenes"}
    rows = evidence.tables["differences"]
    rows[:] = [row for row in rows if {row["name_a"], row["name_b"]} != pair]
    assert "perturbation_scenes_3 was not tested against it" in plain(accuracy.early_latest(evidence))


def test_statement_is_the_same_fact_from_both_sides(tmp_path):
    evidence = evidence_with(tmp_path)
    there, back = (
        compare(evidence, *pair) for pair in (("supervised", "rotation_scenes"), ("rotation_scenes", "supervised"))
    )
    assert there.state == "better"
    assert back.state == "worse"
    assert there.difference == pytest.approx(-back.difference)
    assert plain(statement(there)) == plain(statement(back))
    found = plain(statement(there))
    assert "by 6.10 percentage points (95 % interval +5.00 to +7.20 points, exact McNemar test p < 0.001" in found
    assert found.endswith("p = 0.003 corrected).")


def test_a_pair_without_a_test_is_called_untested(tmp_path):
    verdict = compare(evidence_with(tmp_path), "supervised", "imagenet_scenes")
    assert verdict.state == "untested"
    assert "no paired test was made" in plain(statement(verdict))


def test_one_seed_has_no_deviation_and_says_so(tmp_path):
    one, three = evidence_with(tmp_path / "1"), evidence_with(tmp_path / "3", seeds=(4, 5, 6))
    assert "no standard deviation" in plain(training.accuracy_notes(one))
    assert "±" not in training.spread_text(one.accuracies("supervised"))
    assert training.spread_text(three.accuracies("supervised")) == "94.90 ± 0.40"


def test_fitting_summary_follows_the_verdicts(tmp_path):
    evidence = evidence_with(tmp_path)
    summary = plain(training.fitting_summary(evidence))
    assert "supervised overfits" in summary
    assert "random_scenes underfits" in summary
    for row in evidence.tables["fitting"]:
        row["verdict"] = "no overfitting seen"
    summary = plain(training.fitting_summary(evidence))
    assert "overfits" not in summary
    assert "the validation loss does not rise again" in summary
    assert "fit the train images better than new ones" in summary


def test_convergence_uses_the_settings_threshold(tmp_path):
    evidence = evidence_with(tmp_path / "0", test={"rotation": 0.80})
    found = convergence(evidence, "rotation")
    assert (found.threshold, found.converged, found.is_below) == (0.96, False, True)
    assert "79.80 % validation accuracy, below the 96.00 %" in plain(converged_statement(found))
    evidence = evidence_with(tmp_path / "1", test={"rotation": 0.93})
    found = convergence(evidence, "rotation")  # of 45 images, whose interval reaches above
    assert (found.converged, found.is_below) == (False, False)
    assert "do not show to be below the 96.00 %" in plain(converged_statement(found))
    evidence.models["rotation"].settings["early_stop"] = None
    assert convergence(evidence, "rotation").converged


def test_reduced_precision_is_said_of_the_trainings_that_used_it(tmp_path):
    folder = write_study(tmp_path, seeds=(0, 1, 2))
    assert "The networks compute in single precision throughout." in plain(training.settings(read_evidence(folder)))
    paths = sorted((folder / "models/rotation").glob("seed*/selection.json"))
    write_json(paths[0], read_json(paths[0]) | {"precision": "bf16"})
    said = plain(training.settings(read_evidence(folder)))
    assert f"Of the training steps, those of rotation with 1 of {len(paths)} seeds are computed in mixed" in said
    for path in paths:
        write_json(path, read_json(path) | {"precision": "bf16"})
    said = plain(training.settings(read_evidence(folder)))
    assert "Of the training steps, those of rotation are computed in mixed precision" in said


def test_audit_counts(tmp_path):
    found = plain(text_data.audit(evidence_with(tmp_path)))
    assert "no unreadable files, one group of equal files within a part, one test image with a copy in train" in found


def test_fewer_images_than_wanted_is_said(tmp_path):
    evidence = evidence_with(tmp_path, classes=["a", "b", "c"])
    assert "fewer than the eight images wanted" in plain(scorecam.images(evidence))
    assert "Three images are pictures" in plain(scorecam.between(evidence))


def test_score_cam_sentences_turn_with_the_maps(tmp_path):
    evidence = evidence_with(tmp_path)
    gathers = plain(scorecam.scheme(evidence, "supervised"))
    evidence.heatmaps.maps["supervised"][:] = evidence.heatmaps.maps["supervised"][:, ::-1].copy()
    spreads = plain(scorecam.scheme(evidence, "supervised"))
    assert "the heat gathers" in gathers
    assert "the heat gathers" not in spreads
    assert "the heat spreads over more pixels" in spreads
    assert "the heat spreads over more pixels" not in gathers
    evidence.heatmaps.maps["supervised"][0, 0] = 0
    assert "The maps of image 1 are blank" in plain(scorecam.scheme(evidence, "supervised"))


def test_inversion_verdict_turns_with_the_activations(tmp_path):
    from dataclasses import replace

    found = evidence_with(tmp_path).inversions["supervised"]
    assert "four of them go beyond" in plain(inversion.works(found))
    assert "for filter 768 the inversion does not work" in plain(inversion.works(found))
    noise = replace(found, units=tuple(replace(unit, end=99.0, moved=0.01) for unit in found.units))
    assert "no synthetic image drives its filter as high" in plain(inversion.works(noise))
    assert "the inversion does not work here" in plain(inversion.works(noise))
    strong = replace(found, units=tuple(replace(unit, moved=99.0) for unit in found.units))
    assert "every synthetic image drives its filter beyond" in plain(inversion.works(strong))


def test_shared_filters_are_those_of_both(tmp_path):
    evidence = evidence_with(tmp_path)
    assert inversion.shared_filters(evidence, "supervised", "rotation") == [70, 944, 1250]
    answer = plain(inversion.compare_models(evidence))
    assert "supervised, rotation and perturbation all share the same three of their five selected filters (70" in answer
    assert "(70, 944 and 1250)" in answer
