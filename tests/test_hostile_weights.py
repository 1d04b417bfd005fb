"""Weights from elsewhere: nothing in them is run, and what is wrong with them is one message that names the file."""

import builtins
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from scenessl.errors import UserError
from scenessl.models import weights
from scenessl.models.imagenet import write_imagenet_start
from scenessl.models.network import build
from scenessl.study.preflight import preflight
from scenessl.training.state import State

FIRST = "features.0.0.weight"


class Hostile:
    """Calls something when it is unpickled."""

    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture(scope="module")
def own():
    """The tensors that a file of EfficientNet-B0 holds."""
    return {name: tensor.contiguous() for name, tensor in build("efficientnet_b0", 3).state_dict().items()}


@pytest.fixture
def refused(tmp_path):
    """Tries to start from a file; gives the message, after a look at what must not have happened."""

    def refuse(path) -> str:
        with pytest.raises(UserError) as caught:
            write_imagenet_start(tmp_path / "start.safetensors", path)
        message = str(caught.value)
        assert str(path) in message and "Give WEIGHTS=" in message and "\n" not in message and len(message) < 700
        assert not (tmp_path / "start.safetensors").exists()
        return message

    return refuse


def saved(content, path, **options):
    torch.save(content, path, **options)
    return path


@pytest.mark.parametrize("kind", ["pth", "safetensors", "half", "wrapped", "shared"])
def test_good_weights_of_any_kind_give_the_same_start(own, tmp_path, kind):
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pth")
    if kind == "safetensors":
        save_file(own, path)
    elif kind == "half":
        saved({name: t.double() if t.is_floating_point() else t for name, t in own.items()}, path)
    elif kind == "shared":  # all tensors are views of one storage
        flat = torch.cat([tensor.flatten() for tensor in own.values() if tensor.is_floating_point()])
        parts = iter(flat.split([tensor.numel() for tensor in own.values() if tensor.is_floating_point()]))
        saved({name: next(parts).view(t.shape) if t.is_floating_point() else t for name, t in own.items()}, path)
    else:
        saved({"state_dict": own, "epoch": 3} if kind == "wrapped" else own, path)
    write_imagenet_start(tmp_path / "start.safetensors", path)
    start = weights.load(tmp_path / "start.safetensors")
    assert start.keys() == {name for name in own if name.startswith("features.")}
    assert all(torch.equal(tensor, own[name]) for name, tensor in start.items())


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("nested", [True, False])
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(own, refused, tmp_path, zipped, protocol, nested):
    mark = tmp_path / "mark"
    calls = {
        "system": Hostile(os.system, f"touch {mark}"),
        "exec": Hostile(builtins.exec, f"open({str(mark)!r}, 'w')"),
        "mkdir": Hostile(os.mkdir, str(mark)),
        "getattr": Hostile(getattr, {}, "get"),
        "Hostile": Hostile(Hostile, print, "x"),
    }
    for name, call in calls.items():
        content = {"state_dict": {**own, "more": [{"deep": (call,)}]}} if nested else call
        path = saved(content, tmp_path / "w.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
        message = refused(path)
        if protocol == 2:  # torch reads no other, so it cannot name what it refuses
            assert "wants Python to run" in message and name in message and "Nothing was run" in message
        assert not mark.exists()


def test_a_bare_pickle_is_refused_too(refused, tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "w.pth"
    for protocol in range(6):
        path.write_bytes(pickle.dumps(Hostile(os.system, f"touch {mark}"), protocol=protocol))
        refused(path)
        assert not mark.exists()


def test_states_run_nothing_either(tmp_path):
    mark = tmp_path / "mark"
    state = State(tmp_path / "state", "0" * 64)
    state.save("latest", {"epoch": 1, "call": Hostile(os.system, f"touch {mark}")})  # with its seal
    with pytest.raises(pickle.UnpicklingError):
        state.load("latest")
    assert not mark.exists()


def header(entries, data=b"", length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        header({FIRST: ONE}, bytes(4)),  # truncated
        header({FIRST: ONE}, bytes(80)),  # more than it says
        header({FIRST: ONE | {"data_offsets": [0, 2**62]}}, bytes(8)),
        header({FIRST: ONE | {"data_offsets": [-8, 0]}}, bytes(8)),
        header({FIRST: ONE | {"data_offsets": [8, 0]}}, bytes(8)),
        header({FIRST: ONE | {"shape": [2**40, 2**40]}}, bytes(8)),
        header({FIRST: ONE | {"shape": [1000]}}, bytes(8)),
        header({FIRST: ONE | {"dtype": "O"}}, bytes(8)),
        header({FIRST: ONE, "other": ONE}, bytes(8)),  # overlapping
        header({FIRST: ONE, "other": ONE | {"data_offsets": [16, 24]}}, bytes(24)),  # with a hole
        header({FIRST: ONE}, bytes(8), length=2**63),
        header({FIRST: ONE}, bytes(8), length=10**12),
        header(b"{" * 100_000, length=100_000),
        header(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
        header(b"[]"),
        header(b"\xff\xfe{}"),
        pickle.dumps(Hostile(os.system, "true")),
    ],
)
def test_safetensors_that_lie_are_refused(refused, tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    assert "cannot be read as safetensors" in refused(path)


def test_a_torch_file_cut_anywhere_or_spoilt_is_refused_or_whole(own, refused, tmp_path):
    small = {name: own[name] for name in (FIRST, "features.0.1.bias")}
    for zipped in (True, False):
        whole = saved(small, tmp_path / "whole.pth", _use_new_zipfile_serialization=zipped).read_bytes()
        for step in range(24):
            (tmp_path / "w.pth").write_bytes(whole[: len(whole) * step // 24])
            refused(tmp_path / "w.pth")


def rewritten(path, change, target):
    """Write a torch file again with another pickle."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith("data.pkl") else old.read(name))
    return target


def test_a_storage_that_claims_more_than_the_file_holds_is_refused(refused, tmp_path):
    def lie(data):
        place = data.index(b"K\x04tq")  # the number of elements, 4
        return data[:place] + b"J" + struct.pack("<i", 2**28) + data[place + 2 :]

    path = saved({FIRST: torch.zeros(4)}, tmp_path / "true.pth")
    refused(rewritten(path, lie, tmp_path / "w.pth"))


def test_a_file_that_unpacks_to_more_than_itself_is_refused(refused, tmp_path):
    saved({FIRST: torch.zeros(1_000_000)}, tmp_path / "true.pth")
    with zipfile.ZipFile(tmp_path / "true.pth") as old, zipfile.ZipFile(tmp_path / "w.pth", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
    assert "would unpack to" in refused(tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({FIRST: None}, "1 tensors are not those of EfficientNet-B0's features (first: features.0.0.weight)"),
        ({"features.9.weight": torch.zeros(1)}, "1 tensors are not those"),
        ({"features." + "x" * 10_000: torch.zeros(1)}, "1 tensors are not those"),
        ({FIRST: torch.zeros(32, 3, 3, 4)}, "1 tensors are not those"),
        ({FIRST: torch.zeros(32, 3, 3, 3, dtype=torch.complex64)}, "1 tensors are not those"),
        ({FIRST: torch.zeros(32, 3, 3, 3, dtype=torch.int32)}, "1 tensors are not those"),
        ({FIRST: torch.zeros(32, 3, 3, 3).to_sparse()}, "1 tensors are not those"),
        ({FIRST: torch.zeros(32, 3, 3, 3, device="meta")}, "1 tensors are not those"),
        ({FIRST: torch.zeros(1, dtype=torch.float64).expand(10**6, 10**6)}, "1 tensors are not those"),
        ({FIRST: torch.full((32, 3, 3, 3), torch.nan)}, "1 tensors hold NaN or infinity (first: features.0.0.weight)"),
        ({"features.8.1.running_var": torch.full((1280,), torch.inf)}, "1 tensors hold NaN or infinity"),
        ({7: torch.zeros(1)}, "holds no state dict"),
        ({"note": "text"}, "holds no state dict"),
    ],
)
def test_other_tensors_are_refused(own, refused, tmp_path, changed, words):
    whole = {name: value for name, value in (own | changed).items() if value is not None}
    assert words in refused(saved(whole, tmp_path / "w.pth"))


@pytest.mark.parametrize("content", [[1, 2], "text", None, {"state_dict": 3}, torch.zeros(3)])
def test_what_is_no_mapping_is_refused(refused, tmp_path, content):
    assert "holds no state dict" in refused(saved(content, tmp_path / "w.pth"))


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_folder_a_pipe_and_nothing_are_no_weights(refused, tmp_path, suffix):
    folder, pipe = tmp_path / f"folder.{suffix}", tmp_path / f"pipe.{suffix}"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe, tmp_path / f"nothing.{suffix}"):
        assert "is no file" in refused(path)
    config = {"zip": False, "data": {"kind": "drawn"}, "models": {"a": {"init": "imagenet"}}}
    for path in (folder, pipe):
        with pytest.raises(UserError, match=r"is no file\. Give a state dict"):
            preflight(config | {"weights": str(path)}, results=tmp_path / "results", load=lambda _: None)


def test_our_own_weights_when_spoilt_are_named(tmp_path):
    path = tmp_path / "weights.safetensors"
    weights.save({"a": torch.zeros(1000)}, path, network="x")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    for read in (weights.load, weights.metadata):
        with pytest.raises(UserError, match=r"weights\.safetensors cannot be read as safetensors .* Delete it"):
            read(path)
    save_file({"a": torch.zeros(1)}, path, metadata={"about": "{" * 9})
    with pytest.raises(UserError, match="cannot be read"):
        weights.metadata(path)
    assert isinstance(weights.load(path)["a"], Tensor) and Path(path).is_file()
