"""The stratified validation part."""

import numpy as np
import pytest

from scenessl.data.parts import draw_parts, read_labels, read_parts, write_parts
from scenessl.errors import UserError
from scenessl.files import write_csv

COLUMNS = ("image", "split", "label", "class", "path", "sha256", "width", "height", "mode")


@pytest.fixture
def index(tmp_path):
    labels = [0] * 20 + [1] * 10 + [0] * 3 + [1] * 3
    rows = [
        {
            "image": i,
            "split": "train" if i < 30 else "test",
            "label": label,
            "class": "ab"[label],
            "path": str(i),
            "sha256": "copy" if i in {0, 1, 2} else str(i),
        }
        for i, label in enumerate(labels)
    ]
    write_csv(tmp_path / "index.csv", rows, COLUMNS)
    return tmp_path / "index.csv"


def test_share_is_the_same_in_every_class():
    labels = np.repeat([0, 1, 2], [100, 40, 3])
    parts = np.array(draw_parts(labels, 0.15, 0))
    assert [int((parts[labels == k] == "validation").sum()) for k in range(3)] == [15, 6, 1]
    assert draw_parts(labels, 0.15, 0) == parts.tolist() != draw_parts(labels, 0.15, 1)


def test_a_class_more_changes_no_other_draw():
    few = draw_parts([0] * 9 + [1] * 9, 0.3, 4)
    assert draw_parts([0] * 9 + [1] * 9 + [2] * 9, 0.3, 4)[:18] == few


def test_large_and_small_shares_leave_one_of_each():
    for share in (0.01, 0.99):
        assert sorted(set(draw_parts([0, 0, 1, 1], share, 0)[:2])) == ["train", "validation"]


def test_class_with_one_image_is_refused():
    with pytest.raises(UserError, match=r"'cat'.*validation: test"):
        draw_parts([0, 0, 1], 0.15, 0, names=["dog", "cat"])
    with pytest.raises(UserError, match="class 0"):
        draw_parts([0, 0], 0.5, 0, free=[False, False])
    assert draw_parts([0, 0, 1], "test", 0) == ["train"] * 3


def test_written_parts_cover_all_images_once(index, tmp_path):
    write_parts(index=index, parts=tmp_path / "parts.csv", share=0.2, seed=3)
    parts = read_parts(tmp_path / "parts.csv")
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(36))
    assert parts["test"].tolist() == list(range(30, 36)) and len(parts["validation"]) == 6
    assert np.bincount(read_labels(index)[parts["validation"]]).tolist() == [4, 2]


def test_copies_never_validate(index, tmp_path):
    for seed in range(20):
        write_parts(index=index, parts=tmp_path / "parts.csv", share=0.8, seed=seed)
        assert {0, 1, 2} <= set(read_parts(tmp_path / "parts.csv")["train"].tolist())


def test_test_plays_validation(index, tmp_path):
    write_parts(index=index, parts=tmp_path / "parts.csv", share="test", seed=0)
    parts = read_parts(tmp_path / "parts.csv")
    assert parts["train"].tolist() == list(range(30)) and "validation" not in (tmp_path / "parts.csv").read_text()
    assert parts["validation"].tolist() == parts["test"].tolist() == list(range(30, 36))
