"""The report reads what the explaining modules write: their files, from tiny networks, through its own readers."""

import pytest
import torch
from toy_runs import CLASSES, made_data, made_run

from scenessl.evaluation.probes import write_probes
from scenessl.explain.cam import write_cam
from scenessl.explain.embedding import write_embedding
from scenessl.explain.filters import write_filters
from scenessl.explain.loss_extremes import write_loss_extremes
from scenessl.explain.neighbours import write_neighbours
from scenessl.models import weights
from scenessl.report.readers.activations import read_activations
from scenessl.report.readers.embeddings import read_embedding
from scenessl.report.readers.extremes import read_extremes
from scenessl.report.readers.files import Files
from scenessl.report.readers.filterbanks import read_filters
from scenessl.report.readers.neighbourhoods import read_neighbourhood
from scenessl.report.readers.probings import read_probings


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Give a results folder, its data, and a run of labels and one of rotation."""
    root = tmp_path_factory.mktemp("study")
    for name in ("filters", "cam", "loss_extremes", "embedding", "neighbours"):
        (root / "explain" / name).mkdir(parents=True)
    (root / "probes").mkdir()
    data = made_data(root)
    features = torch.nn.functional.one_hot(data.labels, 8) + 0.1 * torch.rand(len(data.labels), 8)
    weights.save({"features": features[None].float()}, root / "features.safetensors")
    return root, data, {task: made_run(root, data, task) for task in ("scenes", "rotation")}


def test_filters(study):
    root, _, runs = study
    layers = ["features.0.0", "features.1.0.conv1"]
    write_filters(model=runs["scenes"]["model"], layers=layers, shown=4, output=root / "explain/filters/a.npz")
    first, second = read_filters(Files(root), "a")
    assert [layer.name for layer in (first, second)] == layers
    assert first.sees_colours
    assert not second.sees_colours
    assert sum(first.counts.values()) == first.shape[0]
    assert len(first.picked) == 4


@pytest.mark.parametrize("task", ["scenes", "rotation"])
def test_class_activation_maps(study, task):
    root, data, runs = study
    chosen = [runs["scenes"]["predictions"]]
    path = root / f"explain/cam/{task}.npz"
    write_cam(**runs[task], choice_predictions=chosen, classes=3, data=data, seed=0, device="cpu", output=path)
    found = read_activations(Files(root), task)
    assert len(found.chosen) + (found.odd is not None) == len(found.maps)
    assert 0 < found.even < 1
    names = CLASSES if task == "scenes" else ["0°", "90°", "180°", "270°"]
    assert all(one.target in names and one.coarse.ndim == 2 for one in found.maps)


def test_loss_extremes(study):
    root, data, runs = study
    run = {key: value for key, value in runs["rotation"].items() if key != "model"}
    write_loss_extremes(**run, images=5, data=data, seed=0, output=root / "explain/loss_extremes/a.npz")
    found = read_extremes(Files(root), "a")
    assert len(found.lowest) == len(found.largest) == 5
    assert found.count == 4 * len(data.parts["train"])
    assert found.lowest[0].loss == pytest.approx(found.quantiles[0], abs=1e-6)
    assert found.largest[0].loss == pytest.approx(found.quantiles[-1], rel=1e-6)


def test_embedding_and_neighbours(study):
    root, data, _ = study
    features = root / "features.safetensors"
    path = root / "explain/embedding/a.npz"
    write_embedding(features=features, data=data, counts=[12, 2000], perplexity=30, seed=0, output=path)
    partings = read_embedding(Files(root), "a").partings
    assert [parting.images for parting in partings] == [12, len(data.parts["test"])]
    assert partings[1].silhouette_features > 0.5
    path = root / "explain/neighbours/a.npz"
    write_neighbours(features=features, data=data, images=3, neighbours=4, seed=0, output=path)
    found = read_neighbourhood(Files(root), "a")
    assert found.share_right == pytest.approx(1)
    assert [label for _, label, _ in found.queries] == list(found.by_class) == CLASSES
    assert (found.neighbours, found.tested) == (4, len(data.parts["test"]))


def test_probes(study):
    root, data, runs = study
    write_probes(
        start=runs["scenes"]["model"],
        start_epoch=None,
        data=data,
        knn=[1, 5],
        temperature=0.07,
        device="cpu",
        output=root / "probes/supervised_seed0.npz",
    )
    found = read_probings(Files(root), ["supervised"], [0])["supervised", 0]
    assert found.blocks == tuple(f"features.{number}" for number in range(4))
    assert "linear" in found.methods
    assert len(found.right("features.3", "linear")) == len(data.parts["test"])
    assert 0 <= found.validation_of("features.0", "knn 5") <= 1
