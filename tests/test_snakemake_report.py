"""`snakemake --report`: every table and figure is in it, by category, with a caption."""

import re
import zipfile

import pytest
from project import ROOT

RULES = [*ROOT.glob("rules/**/*.smk")]


def test_every_caption_has_its_result_and_every_figure_a_caption():
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    captions = {path.stem for path in (ROOT / "rules" / "captions").glob("*.rst")} - {"overview"}
    assert set(re.findall(r'shown\([^()]*?, "(\w+)", "[^"]+"\s*\)', text)) == captions
    drawn = re.findall(r'\w+=(shown\(\s*)?f"\{R\}/figures/', text)
    assert len(drawn) > 15 and all(drawn)


@pytest.mark.slow
def test_the_report_holds_every_table_and_figure(demo, tmp_path):
    made = demo.snakemake("--report", str(tmp_path / "report.zip"))
    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(tmp_path / "report.zip") as file:
        index = file.read(next(name for name in file.namelist() if name.endswith("report.html"))).decode()
    results = demo.folder / "results" / "demo"
    kinds = ("figures/*.svg", "tables/*.csv", "report/report.pdf")
    wanted = {path.name for kind in kinds for path in results.glob(kind)}
    assert len(wanted) > 40 and [name for name in wanted if f'"{name}"' not in index] == []
    for words in ("Score-CAM", "Model inversion", "Tables"):
        assert words in index
    assert re.search("Confusion matrix of <tt[^>]*>supervised</tt> on the test images", index)
