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
        names = file.namelist()
        index = file.read(next(name for name in names if name.endswith("report.html"))).decode()
    results = demo.folder / "results" / "demo"
    kinds = ("figures/*.svg", "tables/*.csv", "report/report.pdf")
    wanted = {path.name for kind in kinds for path in results.glob(kind)}
    assert wanted <= {name.rsplit("/", 1)[-1] for name in names}
    for words in ("Score-CAM", "Model inversion", "Confusion matrix of", "supervised</span>", "Tables"):
        assert words in index
