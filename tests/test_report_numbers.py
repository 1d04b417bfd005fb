"""Numbers as they are written, and the measures of maps and synthetic images."""

import numpy as np
import pytest
from scipy import stats

from scenessl.report import numbers
from scenessl.report.readers import heatmaps, inversions
from scenessl.report.readers.files import Files, Gap, NotThereError, typed
from scenessl.report.wording import listing, plural, say


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbers.percent(0.93634), "93.63 %"),
        (numbers.points(-0.0123), "−1.23 points"),
        (numbers.points(0.0123), "+1.23 points"),
        (numbers.p_value(0.0321), "p = 0.032"),
        (numbers.p_value(0.00001), "p < 0.001"),
        (numbers.count(2985), "2,985"),
        (numbers.setting(5e-4), "5e−4"),
        (numbers.setting(0.05), "0.05"),
        (numbers.setting(None), "none"),
        (numbers.setting(False), "no"),
        (numbers.setting(["flip", "crop"]), "flip + crop"),
        (numbers.setting({"accuracy": 0.96, "patience": 2}), "accuracy 0.96, patience 2"),
        (numbers.or_dash(None, "percent"), "–"),
        (listing(["a", "b", "c"]), "a, b and c"),
        (plural(1, "image"), "one image"),
        (plural(1500, "image"), "1,500 images"),
        (say("{name}", name="<b>"), "&lt;b&gt;"),
    ],
)
def test_written(text, expected):
    assert str(text).replace("\u00a0", " ") == expected


def test_rank_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 9, (2, 7, 7)).astype(float)
    expected = stats.spearmanr(one.ravel(), other.ravel()).statistic
    assert heatmaps.rank_correlation(one, other) == pytest.approx(expected)
    assert heatmaps.rank_correlation(one, np.ones((7, 7))) is None


def test_flat_and_peaked_maps():
    flat = heatmaps.measure(np.ones((10, 10)))
    assert (flat.concentration, flat.area, flat.across, flat.down) == pytest.approx((0.2, 1, 0.5, 0.5))
    peak = np.zeros((10, 10))
    peak[9, 0] = 3
    peaked = heatmaps.measure(peak)
    assert (peaked.concentration, peaked.area, peaked.across, peaked.down) == pytest.approx((1, 0.01, 0.05, 0.95))
    assert peaked.extent == pytest.approx(0)
    assert heatmaps.measure(np.zeros((4, 4))) is None


def test_overlap_of_equal_and_disjoint_maps():
    one = np.arange(25.0).reshape(1, 5, 5)
    assert heatmaps.pairwise(one, one)[1] == 1
    assert heatmaps.pairwise(one, one[:, ::-1])[1] == 0


def test_pixels_without_heat_are_in_no_hottest_part():
    strips = np.zeros((2, 1, 11, 11))
    strips[0, :, 0], strips[1, :, 10] = 1, 2  # a ninth of the pixels each, at opposite sides
    assert heatmaps.pairwise(*strips)[1] == 0
    assert heatmaps.pairwise(strips[0], strips[0])[1] == 1
    assert np.isnan(heatmaps.pairwise(strips[0], np.zeros((1, 11, 11)))[1])


def test_look_of_stripes():
    rows = np.arange(32) // 4 % 2 * 255
    stripes = np.repeat(np.repeat(rows[:, None], 32, 1)[..., None], 3, 2).astype(np.uint8)
    contrast, saturation, wavelength, upright = inversions.look(stripes)
    assert contrast == pytest.approx(127.5)
    assert saturation == 0
    assert 0.15 < wavelength <= 0.25
    assert upright == 1
    assert inversions.look(stripes.transpose(1, 0, 2))[3] == 0
    assert inversions.look(np.full((8, 8, 3), 7, np.uint8)) == pytest.approx((0, 0, 1, 0.5))


def test_columns_of_text_stay_text_and_others_become_numbers():
    row = typed({"class": "007", "n": "12", "f1": "0.5", "p": "", "low": "nan"}, "x.csv")
    assert row == {"class": "007", "n": 12, "f1": 0.5, "p": None, "low": None}


def test_a_gap_raises_whatever_is_done_with_it(tmp_path):
    gap = Files(tmp_path, draft=True).table("tables/none.csv")
    assert isinstance(gap, Gap)
    for use in (len, bool, iter, str, list, lambda value: value["x"], lambda value: value.units):
        with pytest.raises(NotThereError, match=r"tables/none\.csv"):
            use(gap)
