"""Feature extractors compared block by block, against CKA and distance written out."""

import numpy as np
import pytest
import torch
from test_scorecam import Toy

from scenessl.errors import UserError
from scenessl.evaluation.extractors import compare, write_extractors
from scenessl.models.network import Network


class Pictures:
    """Crops in memory."""

    def __init__(self, number, side=20):
        self.array = torch.randint(0, 256, (number, 3, side, side), generator=torch.Generator().manual_seed(1)).byte()

    def batch(self, ids):
        return self.array[ids]


def network(seed):
    return Network("toy", Toy(seed).features, torch.nn.Sequential(torch.nn.Linear(10, 2))).eval()


def test_pairs_are_compared_block_by_block():
    models, crops, ids = {"a": network(0), "same": network(0), "b": network(1)}, Pictures(12), torch.arange(12)
    found = compare(models, crops, ids, torch.device("cpu"))
    assert [*zip(found["one"], found["other"], strict=True)] == [("a", "same"), ("a", "b"), ("same", "b")]
    assert found["cka"][0] == pytest.approx(np.ones(3), abs=1e-5) and (found["distance"][0] == 0).all()
    assert found["cka"][1] == pytest.approx(found["cka"][2]) and (found["cka"][1] < 0.999).all()
    for block in range(3):
        one, other = (
            torch.cat([p.detach().flatten() for p in models[name].features[block].parameters()]).double()
            for name in ("a", "b")
        )
        assert found["distance"][1, block] == pytest.approx(float((one - other).norm() / one.norm()), rel=1e-5)
    assert int(found["sampled"]) == 12 and found["blocks"].tolist() == ["features.0", "features.1", "features.2"]


def test_fewer_images_than_the_estimate_needs_are_named(tmp_path):
    index = tmp_path / "index.csv"
    index.write_text("image,split\n0,test\n1,test\n2,test\n3,train\n")
    with pytest.raises(UserError, match="4 test images at least"):
        write_extractors(models={}, index=index, crops="crops.npy", device="cpu", output=tmp_path / "found.npz")
