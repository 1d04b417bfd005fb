"""The precision of a training's steps, and the probe that decides where a model leaves it open."""

import pytest
import torch
from tiny_study import tiny_project, write_images
from torch import nn
from torch.nn.functional import cross_entropy

from scenessl.files import read_json, write_json
from scenessl.models.network import build
from scenessl.training import precision_choice
from scenessl.training.distillation import keeping_features, plain_loss
from scenessl.training.precision import in_precision, resolved
from scenessl.training.precision_choice import GAIN, PAIRS, compare, write_precision
from scenessl.training.seeding import generator, seeded


def clock(pairs):
    """Make a probe's clock that reads a pair of seconds to warm up, and then these."""
    seconds = {name: iter([1.0, *(pair[at] for pair in pairs)]) for at, name in enumerate(("fp32", "bf16"))}
    return lambda precision: next(seconds[precision])


def test_bf16_is_chosen_when_it_is_faster_in_every_pair():
    found = compare(clock([(GAIN, 1.0)] * PAIRS))
    assert found == {"precision": "bf16", "seconds": [(GAIN, 1.0)] * PAIRS}


@pytest.mark.parametrize("slow", range(PAIRS))
def test_one_pair_that_gains_too_little_decides_for_fp32_and_ends_the_probe(slow):
    pairs = [(9.0, 1.0)] * slow + [(GAIN - 0.01, 1.0)]
    assert compare(clock(pairs)) == {"precision": "fp32", "seconds": pairs}


def test_only_what_is_left_open_is_resolved(tmp_path):
    write_json(tmp_path / "probe.json", {"precision": "bf16"})
    assert resolved({"precision": "auto", "x": 1}, tmp_path / "probe.json") == {"precision": "bf16", "x": 1}
    assert resolved({"precision": "fp32"}, tmp_path / "probe.json") == {"precision": "fp32"}
    with pytest.raises(ValueError, match="left open"):
        resolved({"precision": "auto"}, None)


def test_the_probe_times_steps_of_both_precisions(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(
        precision_choice, "in_precision", lambda step, name: made.append(name) or in_precision(step, name)
    )
    write_precision(network="small_resnet", side=32, batch_size=4, device="cpu", output=tmp_path / "probe.json")
    found = read_json(tmp_path / "probe.json")
    assert made == ["fp32", "bf16"]
    assert found["precision"] in made
    assert 1 <= len(found["seconds"]) <= PAIRS
    assert all(seconds > 0 for pair in found["seconds"] for seconds in pair)


def gradients(model, step, inputs, targets):
    model.zero_grad()
    loss = step(model, inputs, targets)
    loss.backward()
    return loss, torch.cat([tensor.grad.flatten() for tensor in model.parameters()])


@pytest.mark.parametrize("kept", [False, True])
def test_bf16_steps_follow_fp32_and_leave_weights_and_loss_in_fp32(kept):
    with seeded(0, "precision test"):
        model = build("small_resnet", 3, dropout=0.0).train()
    step = keeping_features(model, cross_entropy, 1.0) if kept else plain_loss(cross_entropy)
    inputs, targets = torch.randn(8, 3, 32, 32, generator=generator(0, "inputs")), torch.arange(8) % 3
    full, known = gradients(model, in_precision(step, "fp32"), inputs, targets)
    reduced, found = gradients(model, in_precision(step, "bf16"), inputs, targets)
    assert reduced.dtype == found.dtype == torch.float32
    assert reduced.item() != full.item()  # something was rounded,
    assert reduced.item() == pytest.approx(full.item(), rel=0.05)  # but not much
    assert nn.functional.cosine_similarity(known, found, dim=0) > 0.95


def test_fp32_is_the_step_itself_and_nothing_else_is_known():
    step = plain_loss(cross_entropy)
    assert in_precision(step, "fp32") is step
    with pytest.raises(ValueError, match="auto"):
        in_precision(step, "auto")


# --- In the workflow ---


def left_open(images, rotation="auto", batch=32, supervised="auto"):
    """The tiny study with the precision of its two networks from random weights."""
    justified = "{{value: {}, reason: tried}}".format
    return (
        f"study: tiny\ndata: {images}\nzip: false\nrecipes:\n"
        f"  supervised: {{epochs: {justified(1)}, precision: {justified(supervised)}, batch_size: {justified(8)}}}\n"
        f"  rotation: {{epochs: {justified(1)}, precision: {justified(rotation)}, batch_size: {justified(batch)}}}\n"
    )


@pytest.mark.slow
def test_a_precision_left_open_is_probed_once_and_concerns_no_other_model(tmp_path):
    project, images = tiny_project(tmp_path / "project"), write_images(tmp_path / "images")
    runs = [f"results/tiny/models/{name}/seed0" for name in ("supervised", "rotation")]
    wanted = [f"{run}/weights.safetensors" for run in runs]

    def planned(**changes):
        jobs = project.planned(left_open(images, **changes), *wanted)
        return {job for job in jobs if job.startswith(("train_network", "choose_precision"))}

    done = project.snakemake("-c2", *wanted, delta=left_open(images))
    assert done.returncode == 0, done.stderr
    probes = [project.folder / f"results/tiny/starts/precision_batch{size}.json" for size in (8, 32)]
    for run, probe in zip(runs, probes, strict=True):
        assert read_json(project.folder / run / "selection.json")["precision"] == read_json(probe)["precision"]
    assert planned() == set()
    probes[0].touch()
    assert planned() == set()
    assert planned(rotation="bf16") == {"train_network model=rotation, seed=0"}
    rotation = {"train_network model=rotation, seed=0", "choose_precision batch_size=64"}
    assert planned(batch=64) == rotation  # and the answer for the other size is kept
