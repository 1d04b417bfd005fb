"""The precision of a training's steps, and the probe that decides where a model leaves it open."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from scenessl.files import read_json, write_json
from scenessl.models.network import build
from scenessl.training.distillation import keeping_features, plain_loss
from scenessl.training.precision import GAIN, PAIRS, compare, in_precision, resolved, write_probe
from scenessl.training.seeding import generator, seeded


def clock(pairs):
    """Make a probe's clock that reads these pairs of seconds, one after the other."""
    seconds = {"fp32": iter([full for full, _ in pairs]), "bf16": iter([reduced for _, reduced in pairs])}
    return lambda precision: next(seconds[precision])


def test_bf16_is_chosen_when_it_is_faster_in_every_pair():
    found = compare(clock([(GAIN, 1.0)] * PAIRS))
    assert found == {"precision": "bf16", "seconds": [(GAIN, 1.0)] * PAIRS}


@pytest.mark.parametrize("slow", range(PAIRS))
def test_one_pair_that_gains_too_little_decides_for_fp32_and_ends_the_probe(slow):
    pairs = [(9.0, 1.0)] * slow + [(GAIN - 0.01, 1.0)]
    assert compare(clock(pairs)) == {"precision": "fp32", "seconds": pairs}


def test_only_what_is_left_open_is_resolved(tmp_path):
    write_json(tmp_path / "probe.json", {"8": {"precision": "bf16"}, "16": {"precision": "fp32"}})
    settings = {"precision": "auto", "batch_size": 8}
    assert resolved(settings, tmp_path / "probe.json") == settings | {"precision": "bf16"}
    assert resolved(settings | {"batch_size": 16}, tmp_path / "probe.json")["precision"] == "fp32"
    assert resolved(settings, None)["precision"] == "fp32"
    assert resolved(settings | {"precision": "bf16"}, None)["precision"] == "bf16"


def test_the_probe_answers_for_every_batch_size(tmp_path):
    write_probe(network="small_resnet", side=32, batch_sizes=[2, 4], device="cpu", output=tmp_path / "probe.json")
    found = read_json(tmp_path / "probe.json")
    assert list(found) == ["2", "4"]
    for answer in found.values():
        assert all(seconds > 0 for pair in answer["seconds"] for seconds in pair)
        gains = [full >= GAIN * reduced for full, reduced in answer["seconds"]]
        assert (answer["precision"] == "bf16") == (all(gains) and len(gains) == PAIRS)


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
