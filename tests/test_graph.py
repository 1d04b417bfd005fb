"""The model graph: what a configuration resolves to, and what it refuses."""

import copy
from pathlib import Path

import pytest
import yaml

from scenessl.errors import UserError
from scenessl.study.combinations import misfits
from scenessl.study.complaints import refuse
from scenessl.study.declared import task_settings
from scenessl.study.graph import Start, Study

ROOT = Path(__file__).parent.parent
TASKS = task_settings(ROOT / "scenessl" / "tasks")


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def refused(config, *needles):
    with pytest.raises(UserError) as error:
        refuse(misfits(Study(config, TASKS)))
    for needle in needles:
        assert needle in str(error.value)


def test_the_main_study_resolves(config):
    study = Study(config, TASKS)
    assert study.pretexts == ["rotation", "perturbation"]
    assert study.models["perturbation_scenes_3"].start == Start("perturbation", 3)
    assert study.models["perturbation"].options == {"square": 10}
    assert "square" not in study.models["rotation"].settings
    epochs = study.models["supervised"].settings["epochs"]
    assert all(study.models[name].settings["epochs"] == epochs for name in study.frozen)


def test_every_setting_has_a_reason(config):
    for model in Study(config, TASKS).models.values():
        assert set(model.settings) | set(model.options) <= set(model.reasons)
        assert all(model.reasons.values())


@pytest.mark.parametrize("seeds, expected", [(1, (0,)), (3, (0, 1, 2)), ([7, 5], (7, 5))])
def test_seeds_are_a_number_or_a_list(config, seeds, expected):
    config["seeds"] = seeds
    assert Study(config, TASKS).seeds == expected


def test_a_cycle_is_named(config):
    config["models"]["rotation"]["init"] = "perturbation"
    config["models"]["perturbation"]["init"] = "rotation"
    refused(config, "cycle", "rotation <- perturbation")


def test_a_model_does_not_start_from_itself(config):
    config["models"]["rotation"]["init"] = "rotation"
    refused(config, "cycle")


@pytest.mark.parametrize(
    "init, needle",
    [
        ("perturbation@99", "trains 8 epochs"),
        ("perturbation@7", "may stop after epoch 4"),
        ("rotation_scenes@2", "trains no features"),
        ("perturbation@soon", "names no epoch"),
    ],
)
def test_a_start_that_will_not_exist_is_refused(config, init, needle):
    config["models"]["perturbation_scenes_3"]["init"] = init
    refused(config, "models.perturbation_scenes_3.init", needle)


def test_augmentations_that_a_cache_cannot_hold_are_refused(config):
    config["recipes"]["classifier"]["augmentation"]["value"] = ["crop"]
    refused(config, "frozen, cached features")


def test_a_setting_of_one_model_replaces_its_recipe_alone(config):
    other = copy.deepcopy(config)
    other["models"]["rotation_scenes"]["settings"] = {"weight_decay": {"value": 0.5, "reason": "a trial"}}
    before, after = Study(config, TASKS).models, Study(other, TASKS).models
    assert after["rotation_scenes"].settings["weight_decay"] == 0.5
    assert [name for name in before if before[name] != after[name]] == ["rotation_scenes"]


def test_published_configuration_holds_no_path_and_no_device(config):
    config["data"], config["weights"] = "/home/somebody/images", "/home/somebody/weights.pth"
    published = Study(config, TASKS).published({"kind": "folders", "hash": "0"}, {"kind": "file"})
    assert "/home" not in yaml.safe_dump(published)
    assert "device" not in published


def test_imagenet_weights_belong_to_one_architecture(config):
    config["network"] = "small_resnet"
    refused(config, "models.supervised.init", "weights for the network efficientnet_b0 only")


def test_a_tasks_own_default_stands_where_nobody_gives_the_setting(config):
    declared = {"default": 12, "reason": "as wide as a finger", "type": "integer"}
    del config["recipes"]["perturbation"]["square"]
    model = Study(config, TASKS | {"perturbation": {"square": declared}}).models["perturbation"]
    assert model.options == {"square": 12}
    assert model.reasons["square"] == "as wide as a finger"


def test_what_cannot_be_reported_is_refused_all_at_once(config):
    config["roles"] |= {"supervised": None, "schemes": ["rotation"], "pretexts": ["supervised"], "early": None}
    config["comparisons"]["pretexts"] = ["rotation", "supervised"]
    config["explain"]["models"] = ["perturbation"]
    config["probes"] = {"starts": ["random", "imagenet", "rotation"]}
    refused(
        config,
        "the configuration has 6 mistakes:",
        "roles.supervised: missing",
        "roles.schemes: rotation is of the task rotation",
        "roles.pretexts: supervised is of the task scenes",
        "roles.early and roles.latest go together",
        "comparisons.pretexts: rotation is of the task rotation",
        "explain.models: perturbation is of the task perturbation",
    )


def test_a_pair_is_compared_once_and_with_another(config):
    config["comparisons"] = {"one": ["supervised", "rotation_scenes"], "two": ["rotation_scenes", "supervised"]}
    refused(config, "comparisons.two: compares the same two models as comparisons.one")
    config["comparisons"] = {"one": ["supervised", "supervised"]}
    refused(config, "comparisons.one: compares supervised with itself")


def test_only_pretexts_are_followed_along_their_epochs(config):
    config["trajectory"] = {"models": ["supervised"], "epochs": [1], "images": 10}
    refused(config, "trajectory.models: supervised is of the task scenes; name models of pretext tasks")


def test_only_classifiers_on_frozen_features_are_repeated(config):
    config["repeats"]["models"] = ["random_scenes", "supervised"]
    refused(config, "repeats.models: supervised trains all layers (train: all)")


def test_epochs_are_not_taken_from_where_they_are_taken_from_others(config):
    config["models"]["rotation_scenes"]["epochs"] = "random_scenes"
    refused(config, "models.rotation_scenes.epochs: random_scenes takes its own from supervised; name that one")


def test_a_seed_that_is_missing_twice_leaves_none(config):
    refused(config | {"seeds": [0, 1], "missing_seeds": "0,1,0"}, "missing_seeds: names every seed")


def test_whoever_starts_from_a_cycle_is_not_blamed_for_it(config):
    config["models"]["rotation"]["init"] = "perturbation"
    config["models"]["perturbation"]["init"] = "rotation"
    refused(config, "the configuration has 2 mistakes:")


def test_nothing_is_tried_where_only_the_test_part_could_judge_it(config):
    assert Study(config, TASKS).published({}, {})["trials"]["sweeps"]
    literal = copy.deepcopy(config)
    literal["validation"]["value"] = "test"
    assert Study(literal, TASKS).published({}, {})["trials"] is None
    config["trials"] |= {"sweeps": [], "ablations": []}
    assert Study(config, TASKS).published({}, {})["trials"] is None
