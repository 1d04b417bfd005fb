"""The page's data, and the page as a whole on an invented study: same text as the PDF, nothing outside, all escaped."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from made_page import complete, write_predictions
from synthetic_study import write_study

from scenessl.errors import UserError
from scenessl.evaluation.runs import Predictions, read_predictions
from scenessl.files import read_csv, write_json
from scenessl.page import answers, features, inline, pictures, times, viewers
from scenessl.page.assemble import write_page
from scenessl.page.material import Material
from scenessl.page.thumbnails import choose, disagreements
from scenessl.report.deliverables import read_page
from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html

TEMPLATES = Path(__file__).parent.parent / "templates"
SCRIPTS = TEMPLATES / "page" / "scripts"
VENDOR = TEMPLATES / "page" / "vendor"
UNCLOSED = {"meta", "link", "img", "br", "input", "hr", "col", "wbr"}


class Words(HTMLParser):
    """Collects the text of a document's body without what only one of page and paper has."""

    def __init__(self, text):
        super().__init__()
        self.words, self.skipped, self.body = [], 0, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.body |= tag == "body"
        own = tag in {"script", "header", "dialog"} or dict(attributes).get("class") in {"viewer", "skip", "contents"}
        if tag not in UNCLOSED and (self.skipped or own):
            self.skipped += 1

    def handle_endtag(self, tag):
        if self.skipped and tag not in UNCLOSED:
            self.skipped -= 1

    def handle_data(self, data):
        if self.body and not self.skipped:
            self.words += data.split()


@pytest.fixture(scope="module", params=["scene15", "cifar10"])
def page(request, tmp_path_factory):
    """(study, page) of each document."""
    root = complete(write_study(tmp_path_factory.mktemp(request.param), document=request.param, per_class=4))
    file = root / "report" / "report.html"
    assert write_page(root, TEMPLATES, file) == []
    return root, file


def test_page_and_pdf_are_made_of_the_same_words_in_the_same_order(page):
    root, file = page
    printed = Words(render_html(read_evidence(root), paper(TEMPLATES))).words
    assert len(printed) > 2000
    assert Words(file.read_text(encoding="utf-8")).words == printed


def test_paper_has_nothing_to_operate(page):
    html = render_html(read_evidence(page[0]), paper(TEMPLATES))
    assert not re.search(r"<(script|button|form|select)|class=\"viewer", html)


def test_every_viewer_of_the_study_is_there_once_or_where_curves_stand(page):
    root, file = page
    found = re.findall(r'data-viewer="(\w+)"', file.read_text(encoding="utf-8"))
    more = ["scorecam", "inversion"] if "scene15" in root.name else []
    assert set(found) == {"images", "confusion", "curves", "embedding", "neighbours", "times", *more}
    assert read_page(file) == {"viewers": len(found)}


def test_ids_are_unique_and_links_lead_somewhere(page):
    text = re.sub(r"<script.*?</script>", "", page[1].read_text(encoding="utf-8"), flags=re.DOTALL)
    ids = re.findall(r'(?<=\s)id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


def test_names_of_classes_and_files_cannot_end_their_element(tmp_path):
    evil = '</script><script>alert("x")</script><!--'
    root = complete(write_study(tmp_path, classes=["plain", evil, "a&b"], per_class=2))
    write_page(root, TEMPLATES, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert evil not in text and "<script>alert" not in text
    embedded = re.search(r'<script type="application/json" id="answers">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(embedded)["classes"] == ["plain", evil, "a&b"]


@pytest.mark.parametrize("document", ["scene15", "cifar10"])
def test_a_page_of_nothing_but_the_configuration_names_what_is_missing(tmp_path, document):
    root = write_study(tmp_path / "study", document=document, per_class=1)
    for file in root.rglob("*.*"):
        if file.is_file() and file.name != "configuration.yaml":
            file.unlink()
    missing = write_page(root, TEMPLATES, tmp_path / "draft.html", draft=True)
    text = (tmp_path / "draft.html").read_text(encoding="utf-8")
    assert "Not there yet: <code>tables/fitting.csv</code>" in text
    assert {"tables/accuracy.csv", "data/index.csv"} <= set(missing)
    assert re.findall(r'data-viewer="(\w+)"', text) == ["times"]


DROPPED = {
    "models/supervised/seed0/predictions.npz": "images",
    "models/rotation/seed0/history.csv": "curves",
    "explain/scorecam/supervised.npz": "scorecam",
    "explain/inversion/rotation.npz": "inversion",
    "explain/embedding/rotation.npz": "embedding",
    "explain/neighbours/supervised.npz": "neighbours",
    "page/thumbnails.json": "images",
}


@pytest.mark.slow
@pytest.mark.parametrize("dropped", DROPPED)
def test_a_draft_shows_the_rest_when_one_file_is_missing(tmp_path, dropped):
    root = complete(write_study(tmp_path, per_class=2))
    (root / dropped).unlink()
    write_page(root, TEMPLATES, tmp_path / "draft.html", draft=True)
    assert f'data-viewer="{DROPPED[dropped]}"' in (tmp_path / "draft.html").read_text(encoding="utf-8")
    with pytest.raises(UserError, match=dropped):
        write_page(root, TEMPLATES, tmp_path / "page.html")


def test_curves_of_a_study_without_validation_part_are_there_and_named_after_the_test_part(tmp_path):
    root = complete(write_study(tmp_path, per_class=1))
    published = yaml.safe_load((root / "configuration.yaml").read_text(encoding="utf-8"))
    (root / "configuration.yaml").write_text(yaml.safe_dump(published | {"validation": "test"}), encoding="utf-8")
    found = viewers.curves(Material(read_evidence(root)), ["supervised"])
    assert found["part"] == "test"
    history = read_csv(root / "models/supervised/seed0/history.csv")
    drawn = next(one for one in found["trainings"] if one["model"] == "supervised")["columns"]["validation_loss"]
    assert drawn == [float(row["validation_loss"]) for row in history]


def test_a_map_keeps_its_shape_and_has_a_picture_for_every_image(tmp_path):
    root = complete(write_study(tmp_path, per_class=4))
    stored = json.loads((root / "page/thumbnails.json").read_text(encoding="utf-8"))
    some = {name: stored[name][:5] for name in ("images", "webp")} | {"total": stored["total"]}
    (root / "page/thumbnails.json").write_text(json.dumps(some), encoding="utf-8")
    found = features.embedding(Material(read_evidence(root)))
    for name, maps in found["models"].items():
        arrays = np.load(root / f"explain/embedding/{name}.npz")
        for count, one in zip(arrays["counts"], maps, strict=True):
            points, drawn = arrays[f"points_{count}"], np.stack([one["x"], one["y"]], 1)
            scale = np.ptp(points, axis=0).max() / features.GRID
            np.testing.assert_allclose(np.diff(drawn, axis=0) * scale, np.diff(points, axis=0), atol=1.01 * scale)
            assert set(one["images"]) <= {*some["images"], *found["pictures"]}
    assert not {*some["images"]} & {*found["pictures"]}


def predictions(right, classes=3):
    """Predictions of test images 10, 11, …, each right or wrong as told."""
    target = np.arange(len(right)) % classes
    said = np.where(right, target, (target + 1) % classes)
    shares = np.full((len(right), classes), 0.1)
    shares[np.arange(len(right)), said] = 0.8
    whole = np.arange(10, 10 + len(right))
    two = np.full(len(right), 2, np.uint8)
    return Predictions(whole, two, np.zeros_like(two), target, shares, tuple("abc"[:classes]))


def test_a_sample_takes_disagreements_first_and_is_the_same_every_time():
    one, other = predictions(np.ones(40, bool)), predictions(np.arange(40) % 4 > 0)
    apart = set(range(10, 50, 4))
    assert disagreements([one, other]) == apart
    test = list(range(10, 50))
    chosen = choose(test, [one, other], most=15)
    assert apart <= set(chosen) and len(chosen) == 15 and chosen == sorted(chosen)
    assert chosen == choose(test, [one, other], most=15)
    assert set(choose(test, [one, other], most=6)) <= apart
    assert choose(test[::-1], [one, other], most=40) == test


def test_answers_are_those_of_the_predictions(tmp_path):
    root = write_study(tmp_path, per_class=3)
    write_predictions(root, "rotation", "rotation")
    found = read_predictions(root / "models/rotation/seed0/predictions.npz")
    chosen = sorted(set(found.image.tolist()))[5:25]
    given = answers.answers(found, chosen)
    for place, image in enumerate(chosen):
        for view in range(4):
            row = np.flatnonzero((found.image == image) & (found.view == view))[0]
            at = 4 * place + view
            assert given["target"][at] == found.target[row]
            assert given["likeliest"][4 * at] == found.predicted[row]
            assert given["shares"][4 * at] == round(1e4 * float(found.probabilities[row].max()))
            own = float(found.probabilities[row, found.target[row]])
            assert given["own"][at] == round(1e4 * own)
            assert given["loss"][at] == pytest.approx(-1000 * np.log(own), abs=0.6)


def test_a_figure_keeps_plain_pictures_exact_and_makes_photographs_smaller(tmp_path):
    import base64
    import io

    from PIL import Image

    def png(pixels):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

    slopes = np.add.outer(np.arange(64), np.arange(64))[..., None] + np.array([0, 40, 90])
    grainy = (slopes + np.random.default_rng(0).integers(0, 16, (64, 64, 3))).astype(np.uint8)
    plain, coloured, gray = png(np.zeros((9, 9, 3), np.uint8)), png(grainy), png(grainy[..., 0])
    images = "".join(f'<image href="{one}"/>' for one in (plain, coloured, gray))
    (tmp_path / "a.svg").write_text(f"<svg>{images}</svg>", encoding="utf-8")
    uri = pictures.figure(tmp_path / "a.svg")
    assert uri.startswith("data:image/svg+xml,") and '"' not in uri and "#" not in uri
    assert plain in uri and coloured not in uri and gray not in uri and uri.count("data:image/webp") == 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (83.6, "1 min 24 s"), (7499, "2 h 5 min"), (None, "–")]
)
def test_times_are_written_for_readers(seconds, text):
    assert times.duration(seconds) == text


def test_times_are_of_the_last_run_and_of_models_that_the_study_has(tmp_path):
    root = complete(write_study(tmp_path, per_class=1))
    folder = root / "benchmarks" / "train"
    folder.mkdir(parents=True)
    head = "s\th:m:s\tmax_rss\tcpu_time\n"
    (folder / "rotation_seed0.tsv").write_text(head + "5\t0:00:05\t10\t9\n7.5\t0:00:07\tNA\t-\n")
    (folder / "gone_seed0.tsv").write_text(head + "5\t0:00:05\t10\t9\n")
    write_page(root, TEMPLATES, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<code>rotation, seed 0</code>" in text and "7.5 s" in text
    assert "gone" not in text and "snakemake estimate" not in text


def test_times_stand_beside_what_was_estimated_for_the_same_jobs_and_never_in_the_pdf(tmp_path):
    root = complete(write_study(tmp_path, per_class=1))
    paper_before = render_html(read_evidence(root), paper(TEMPLATES))
    for job in ("train/rotation_seed0", "trials/short_rotation", "extractors/all", "label_efficiency/seed0"):
        (root / "benchmarks" / job).parent.mkdir(parents=True, exist_ok=True)
        (root / "benchmarks" / f"{job}.tsv").write_text("s\tcpu_time\n7.5\t9\n")
    jobs = [("train", "rotation_seed0", 8.25), ("train", "supervised_seed0", 4000), ("extractors", "all", 6.5)]
    rows = [dict(zip(("stage", "name", "seconds"), job, strict=True)) for job in jobs]
    write_json(root / "benchmarks" / times.ESTIMATE, {"seconds": 7499.0, "jobs": rows})
    write_page(root, TEMPLATES, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "about 2 h 5 min for the whole study" in text
    assert "for the 2 jobs that were both predicted and measured it was 14.8 s, and they took 15.0 s" in text
    stages = {stage["stage"]: stage for stage in times.times(Material(read_evidence(root)))["stages"]}
    assert {name: stage["estimated"] for name, stage in stages.items()} == {
        "Training": 8.25, "Comparison of extractors": 6.5, "Trials of settings": None, "Few labels": None,
    }  # fmt: skip
    assert render_html(read_evidence(root), paper(TEMPLATES)) == paper_before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"seconds": "x", "jobs": []}', '{"seconds": 1, "jobs": [1]}'])
def test_an_estimate_that_is_none_leaves_the_times_alone(tmp_path, content):
    (tmp_path / times.ESTIMATE).write_text(content)
    assert times.read_estimate(tmp_path / times.ESTIMATE) == (None, {})


def test_vendored_scripts_are_those_whose_sums_are_listed():
    lines = [line.split() for line in (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
    listed = {name: digest for digest, name in lines}
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.glob("*.js")}
    assert found == listed
    notes = (VENDOR / "README.md").read_text(encoding="utf-8")
    assert all(name in notes for name in found) and len(list(VENDOR.glob("LICENSE-*"))) == 2


def test_a_script_that_would_end_its_element_is_refused(tmp_path):
    (tmp_path / "a.js").write_text("let a = '</SCRIPT>';")
    with pytest.raises(UserError, match="</script"):
        inline.library(tmp_path / "a.js")


def test_modules_import_modules_that_are_there():
    names = {f"page/{file.name}" for file in SCRIPTS.glob("*.js")}
    for file in SCRIPTS.glob("*.js"):
        assert set(re.findall(r'from "([^"]+)"', file.read_text(encoding="utf-8"))) <= names


@pytest.mark.parametrize("text", ["<html>", '<img src="https://a.example/b.png"></html>', "<link href='x.css'></html>"])
def test_a_page_that_is_not_whole_or_loads_something_fails_the_checks(tmp_path, text):
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.html"):
        read_page(tmp_path / "a.html")
