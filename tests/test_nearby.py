"""Copies on a machine's own disk: made once, renewed with the file, done without where there is no room."""

import os

import numpy as np
import pytest

from scenessl.data.crops import Crops
from scenessl.data.nearby import FOLDER, nearby


@pytest.fixture
def shared(tmp_path):
    path = tmp_path / "shared" / "crops.npy"
    path.parent.mkdir()
    np.save(path, np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2))
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "disk" / "mine"))
    return tmp_path / "disk" / "mine"


def copies(folder):
    return sorted(folder.glob("*.npy"))


def test_without_a_folder_the_file_is_read_where_it_lies(shared, monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    assert nearby(shared) == shared


def test_a_copy_is_made_once_and_read_from_then_on(shared, folder):
    copy = nearby(shared)
    assert copy.parent == folder
    assert copy.read_bytes() == shared.read_bytes()
    before = copy.stat()
    assert nearby(shared) == copy
    assert copy.stat().st_ino == before.st_ino  # not written again


def test_a_changed_file_is_copied_anew_and_the_old_copy_removed(shared, folder):
    nearby(shared)
    np.save(shared, np.zeros((3, 3, 2, 2), np.uint8))
    os.utime(shared, ns=(1, 1))
    assert nearby(shared).read_bytes() == shared.read_bytes()
    assert len(copies(folder)) == 1


def test_files_of_two_studies_do_not_meet(shared, folder):
    other = shared.with_name("other.npy")
    np.save(other, np.ones((2, 3, 2, 2), np.uint8))
    os.utime(other, ns=(shared.stat().st_mtime_ns,) * 2)
    nearby(shared)
    assert nearby(other).read_bytes() == other.read_bytes()
    assert nearby(shared).read_bytes() == shared.read_bytes()
    assert len(copies(folder)) == 2


def test_no_room_means_reading_where_the_file_lies(shared, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(FOLDER, str(tmp_path / "file" / "mine"))
    assert nearby(shared) == shared
    assert "where it lies" in capsys.readouterr().err


def test_crops_are_the_same_from_a_copy(shared, folder):
    assert (Crops(shared).batch([1, 0]).numpy() == np.load(shared)[[1, 0]]).all()
    assert len(copies(folder)) == 1
