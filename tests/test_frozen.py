"""The proof that a classifier's features are frozen, and that the cache holds what the network computes."""

import pytest
import torch
from toy_runs import made_data, made_run

from scenessl.models import weights
from scenessl.training.features import write_features
from scenessl.training.frozen import prove_frozen
from scenessl.training.state import State


@pytest.fixture
def proved(tmp_path):
    """Prove a toy: its features times `scale`, the cache after `change`, and the hash of other weights if wanted."""
    data = made_data(tmp_path)

    def prove(scale=1.0, change=lambda cached: cached, other_hash=None):
        path = made_run(tmp_path, data, "scenes")["model"]
        tensors = weights.load(path)
        last = [name for name in tensors if name.startswith("features.") and tensors[name].ndim == 1]
        for name in (name for name in last[-4:] if name.endswith(("weight", "bias"))):
            tensors[name] = tensors[name] * scale
        weights.save(tensors, path, network="small_resnet")
        write_features(
            start=path, start_epoch=None, crops=tmp_path / "crops.npy", mirrored=[], device="cpu",
            state=State(tmp_path / "state", "x"), output=tmp_path / "features",
        )  # fmt: skip
        frozen = {name: tensor for name, tensor in tensors.items() if name.startswith("features.")}
        cached, found = weights.load(tmp_path / "features")["features"][0], weights.metadata(tmp_path / "features")
        prove_frozen(path, frozen, other_hash or found["hash"], change(cached), data.crops)
        return cached

    return prove


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_features_of_any_size_are_proved_but_for_rounding(proved, scale):
    assert proved(scale, change=lambda cached: cached * (1 + 1e-6)).abs().max() > 0.01 * scale


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_a_cache_that_is_a_little_off_is_refused(proved, scale):
    with pytest.raises(AssertionError, match="cached features give logits that differ"):
        proved(scale, change=lambda cached: 1.01 * cached)
    with pytest.raises(AssertionError, match="cached features give logits that differ"):
        proved(scale, change=lambda cached: torch.full_like(cached, torch.nan))


def test_a_cache_of_other_weights_is_refused(proved):
    with pytest.raises(AssertionError, match="not those of the start"):
        proved(other_hash="0" * 64)
