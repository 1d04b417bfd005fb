"""What planning says and knows of the images before the first job: where they are, whether they may be downloaded."""

import zipfile

import pytest

from scenessl.data.batches import FILES, FOLDER, official_hash
from scenessl.errors import UserError
from scenessl.study import planning
from scenessl.study.preflight import preflight

STUDENT = {"first_name": "Ada", "last_name": "Lovelace", "number": "0123"}


@pytest.fixture
def run(tmp_path):
    def run(data):
        config = {"data": data, "weights": None, "zip": True, "student": STUDENT, "models": {}}
        return preflight(config, results=tmp_path / "results", root=tmp_path, load=lambda name: None)

    return run


def torchvisions(folder, download=False):
    return {"kind": "torchvision", "name": "CIFAR10", "folder": str(folder), "download": download}


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        for split in ("train", "test"):
            for name in "ab":
                archive.writestr(f"{split}/{name}/1.png", f"{split}{name}")
    return path


def test_an_archive_is_as_good_as_a_folder(run, tmp_path):
    zipped(tmp_path / "x.zip")
    assert run("x.zip") == []
    (tmp_path / "x.rar").write_bytes(b"x")
    with pytest.raises(UserError, match=r"data: .*x\.rar is no folder and no archive \(\.zip, \.tar"):
        run("x.rar")


def test_nothing_is_downloaded_silently(run, tmp_path):
    with pytest.raises(UserError, match=r"data: CIFAR-10 is not in .*keep.*`download: true`.*`data: /path`"):
        run(torchvisions("keep"))
    (remark,) = run(torchvisions("keep", download=True))
    assert "first job" in remark and str(tmp_path / "keep") in remark
    (tmp_path / "keep" / FOLDER).mkdir(parents=True)
    for name in FILES:
        with pytest.raises(UserError, match="not all of it"):
            run(torchvisions("keep"))
        (tmp_path / "keep" / FOLDER / name).write_bytes(b"x")
    assert run(torchvisions("keep")) == run(torchvisions("keep", download=True)) == []


def test_the_plan_knows_each_kind(tmp_path):
    kind, root, found = planning._find_data(str(zipped(tmp_path / "x.zip")), tmp_path / "memory")
    assert (kind, root, len(found)) == ("folders", str(tmp_path / "x.zip"), 64)
    # an archive is known by its name, which what a link points to need not have
    (tmp_path / "x.zip").rename(tmp_path / "blob")
    (tmp_path / "link.zip").symlink_to(tmp_path / "blob")
    assert planning._find_data(str(tmp_path / "link.zip"), tmp_path / "memory")[2] == found
    before = planning._find_data(torchvisions(tmp_path / "keep"), tmp_path / "memory")
    (tmp_path / "keep" / FOLDER).mkdir(parents=True)
    assert before == planning._find_data(torchvisions(tmp_path / "keep", download=True), tmp_path / "memory")
    assert before == ("torchvision", str(tmp_path / "keep"), official_hash())
