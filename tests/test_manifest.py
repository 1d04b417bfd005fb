"""What a study makes follows from what its configuration asks for."""

from scenessl.study import manifest

LINES = {
    "supervised": {"task": "scenes"},
    "rotation": {"task": "rotation"},
    "rotation_classes": {"task": "scenes"},
}
BARE = {"models": LINES, "seeds": [0, 3], "roles": {"early": None}}


def test_a_study_that_asks_for_nothing_more_has_tables_curves_and_matrices():
    figures = manifest.figure_files(BARE)
    assert sorted(figures) == sorted(
        [f"figures/{name}.svg" for name in ("accuracy", "reliability", "leaks", "pretext_rotation")]
        + [f"figures/{kind}_{name}.svg" for kind in ("curves", "confusion") for name in LINES]
    )
    assert manifest.explanation_files(BARE) == manifest.measured_files(BARE) == []
    assert "tables/probes.csv" not in manifest.table_files(BARE)


def test_a_section_that_is_null_is_not_asked_for():
    assert manifest.figure_files(BARE | dict.fromkeys(manifest.SECTIONS)) == manifest.figure_files(BARE)


def test_every_section_adds_files_of_its_own():
    settings = {"models": ["supervised"], "starts": ["random"], "layers": ["features.0.0", "features.1.0.conv1"]}
    for section in manifest.SECTIONS:
        if section in ("trials", "repeats"):  # tables only, see test_trials.py and test_repeats.py
            continue
        asked = BARE | {section: settings}
        made = {*manifest.figure_files(asked), *manifest.evidence_files(asked), *manifest.measured_files(asked)}
        own = made - {*manifest.figure_files(BARE), *manifest.evidence_files(BARE)}
        assert any(name.startswith("figures/") for name in own), section
        assert any(not name.startswith("figures/") for name in own), section


def test_no_file_is_named_twice():
    settings = {"models": list(LINES), "starts": ["random", "rotation"], "layers": ["features.0.0"]}
    whole = BARE | dict.fromkeys(manifest.SECTIONS, settings) | {"roles": {"early": "a"}}
    for names in (manifest.figure_files, manifest.table_files, manifest.evidence_files, manifest.measured_files):
        assert len(set(names(whole))) == len(names(whole))


def test_probes_and_runs_are_named_for_every_seed():
    assert manifest.measured_files(BARE | {"probes": {"starts": ["random"]}}) == [
        "probes/random_seed0.npz",
        "probes/random_seed3.npz",
    ]
    assert len(manifest.run_files(BARE, "history.csv")) == 6
