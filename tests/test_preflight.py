"""What would stop a run later is said before its first job, all of it, with the way out."""

import json
import os
import pickle
import struct
import sys
import zipfile

import pytest

from scenessl.errors import UserError
from scenessl.study import preflight as module
from scenessl.study.preflight import preflight

SHAPES = {"features.0.0.weight": [32, 3, 3, 3], "features.8.0.weight": [1280, 320, 1, 1]}


def safetensors(path, shapes, length=None):
    header = {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text)
    return path


def torch_zip(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(dict.fromkeys(names, 0), protocol=2))
    return path


@pytest.fixture
def config(tmp_path):
    (tmp_path / "images").mkdir()
    weights = safetensors(tmp_path / "weights.safetensors", SHAPES)
    return {
        "data": str(tmp_path / "images"),
        "weights": str(weights),
        "zip": True,
        "student": {"first_name": "Ada", "last_name": "Lovelace", "number": "0123"},
        "models": {"supervised": {"init": "imagenet"}, "dropped": None},
    }


@pytest.fixture
def run(config, tmp_path):
    """Run the checks on the configuration with some keys replaced."""

    def run(load=lambda name: None, needed_bytes=0, results=tmp_path / "results" / "study", **replaced):
        return preflight(
            config | replaced,
            results=results,
            needed_bytes=needed_bytes,
            root=tmp_path,
            checkpoints=tmp_path / "cache",
            load=load,
        )

    return run


def refused(run, **replaced):
    with pytest.raises(UserError) as caught:
        run(**replaced)
    first, *lines = str(caught.value).splitlines()
    assert first == "the run cannot start:"
    return lines


def absent(name):
    raise OSError(f"{name}: cannot open shared object file")


def test_a_good_study_passes_and_leaves_no_trace(run, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert run() == []
    assert sorted(tmp_path.rglob("*")) == before


def test_everything_is_said_at_once(run):
    lines = refused(run, load=absent, student={}, data="nowhere", weights="nothing.pth", needed_bytes=10**18)
    subjects = [line.split(":")[0].strip() for line in lines]
    assert subjects == ["Pango", "student", "data", "weights", "disk"]


def test_missing_pango_names_the_command(run):
    (line,) = refused(run, load=lambda name: absent(name) if "pangoft2" in name else None)
    assert "PangoFT2" in line
    assert "HarfBuzz" not in line
    assert "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in line


def test_missing_student_names_the_two_ways_out(run):
    (line,) = refused(run, student={"first_name": "Ada", "last_name": None, "number": " "})
    assert "student: last_name, number missing" in line
    assert "FIRST_NAME=" in line
    assert "zip: false" in line


def test_a_report_without_a_zip_needs_no_student(run):
    assert run(student={"first_name": None, "last_name": None, "number": None}, zip=False) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "make report DATA=/path"), ("nowhere", "does not exist"), ("weights.safetensors", "is no folder")],
)
def test_missing_images(run, data, words):
    (line,) = refused(run, data=data)
    assert line.startswith("  data: ")
    assert words in line


def test_drawn_images_need_no_folder(run):
    assert run(data={"kind": "drawn"}) == []


def test_a_relative_folder_is_relative_to_the_root(run):
    assert run(data="images") == []


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({"module.features.0.0.weight": [1]}, "has no tensor features.0.0.weight (its first are 'module.features"),
        (SHAPES | {"features.0.0.weight": [64, 3, 3, 3]}, "EfficientNet-B0's has [32, 3, 3, 3]"),
        ({}, "none at all"),
    ],
)
def test_weights_of_another_network(run, tmp_path, shapes, words):
    (line,) = refused(run, weights=str(safetensors(tmp_path / "other.safetensors", shapes)))
    assert "other.safetensors" in line
    assert words in line
    assert "WEIGHTS=" in line


@pytest.mark.parametrize(
    "content", [b"", b"short", struct.pack("<Q", 2**63) + b"{}", struct.pack("<Q", 2) + b"[]", b"x" * 99]
)
def test_weights_that_are_none(run, tmp_path, content):
    (tmp_path / "bad.safetensors").write_bytes(content)
    assert "is no safetensors file" in refused(run, weights="bad.safetensors")[0]


def test_weights_of_torch_save(run, tmp_path):
    assert run(weights=str(torch_zip(tmp_path / "good.pth", SHAPES))) == []
    assert "has no tensor features.0.0" in refused(run, weights=str(torch_zip(tmp_path / "bad.pth", ["fc.weight"])))[0]
    (tmp_path / "text.pth").write_text("no weights", encoding="utf-8")
    assert "neither safetensors nor" in refused(run, weights="text.pth")[0]


def test_no_pickle_is_ever_run(run, tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "done"),)

    (tmp_path / "old.pth").write_bytes(pickle.dumps(Hostile()))
    with zipfile.ZipFile(tmp_path / "new.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Hostile()))
    run(weights="old.pth")
    refused(run, weights="new.pth")
    assert not (tmp_path / "done").exists()


def test_missing_weights_and_a_folder_are_named(run):
    assert "nothing.pth cannot be read (No such file" in refused(run, weights="nothing.pth")[0]
    assert "images is no file" in refused(run, weights="images")[0]


def test_no_model_from_imagenet_needs_no_weights(run):
    assert run(weights="nothing.pth", models={"supervised": {"init": "random"}}) == []


def test_torchvisions_weights_are_remarked_upon_when_not_there(run, tmp_path):
    (remark,) = run(weights=None)
    assert "downloads" in remark
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / module.CHECKPOINT).write_bytes(b"x")
    assert run(weights=None) == []


def test_the_cache_is_where_torch_has_it(monkeypatch, tmp_path):
    torch_hub = pytest.importorskip("torch.hub")
    for home in (str(tmp_path / "torch"), None):
        monkeypatch.setenv("TORCH_HOME", home) if home else monkeypatch.delenv("TORCH_HOME", raising=False)
        assert str(module.checkpoint_folder()) == os.path.join(torch_hub.get_dir(), "checkpoints")


def test_the_checkpoints_name_is_torchvisions():
    models = pytest.importorskip("torchvision.models")
    assert models.EfficientNet_B0_Weights.IMAGENET1K_V1.url.endswith("/" + module.CHECKPOINT)


def test_a_full_disk(run):
    (line,) = refused(run, needed_bytes=10**18)
    assert "about 1000000000.0 GB" in line


def test_results_that_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (line,) = refused(run, results=tmp_path / "file" / "study")
    assert "cannot be written" in line
    assert "file" in line


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc, a folder that nobody can write")
def test_results_on_a_file_system_that_takes_none(run):
    assert "cannot be written" in refused(run, results="/proc/study")[0]
