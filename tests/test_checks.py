import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_study import finish_study, make_project
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from scenessl.errors import UserError
from scenessl.files import read_csv, write_csv, write_json
from scenessl.report import accessible
from scenessl.report.archive import write_archive
from scenessl.report.checks import check_results, main, studies_in
from scenessl.report.deliverables import CAPTION, check_deliverables, read_report
from scenessl.report.handwritten import demand_computed
from scenessl.report.provenance import sha256
from scenessl.study.manifest import TABLES

TEMPLATES = Path(__file__).parent.parent / "templates"
CHECKS = 1 + 1 + 6 + len(TABLES)  # hashes, leaks, runs, tables
OBJECTS = (
    b"<</Type /Catalog /Pages 2 0 R>>",
    b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
    b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Resources <</Font <</F 5 0 R>>>>>>",
    b"<</Length 31>> stream\nBT /F 9 Tf 9 9 Td (Hello) Tj ET\nendstream",
    b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
)


def one_page():
    """Return a PDF of one page that says Hello."""
    data, table = b"%PDF-1.4\n", b"0000000000 65535 f \n"
    for number, content in enumerate(OBJECTS, start=1):
        table += b"%010d 00000 n \n" % len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    trailer = b"trailer <</Root 1 0 R /Size 6>>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    return data + b"xref\n0 6\n" + table + trailer


def readable(**lacks):
    """Return a PDF with a title, a language and a bookmark, unless it `lacks` one of them."""
    writer = PdfWriter(io.BytesIO(one_page()))
    if "title" not in lacks:
        writer.add_metadata({"/Title": "Report"})
    if "language" not in lacks:
        writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    if "bookmark" not in lacks:
        writer.add_outline_item("One", page_number=0)
    if "tags" not in lacks:
        text = lacks.get("figure", "A chart.")
        alternative = {NameObject("/Alt"): TextStringObject(text)} if text else {}
        figure = DictionaryObject({NameObject("/S"): NameObject("/Figure")} | alternative)
        tree = DictionaryObject({NameObject("/K"): ArrayObject([DictionaryObject({NameObject("/K"): figure})])})
        writer.root_object[NameObject("/StructTreeRoot")] = tree
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    project = make_project(folder / "project")
    finish_study(project / "results" / "toy", project)
    return project


@pytest.fixture
def study(finished, tmp_path):
    return Path(shutil.copytree(finished / "results" / "toy", tmp_path / "results" / "toy"))


def failed(study):
    return {check.name: check.detail for check in check_results(study) if not check.passed}


def restate(study, name):
    """Make provenance.json agree with a changed file, as a forger would."""
    provenance = json.loads((study / "provenance.json").read_text())
    provenance["files"][name] = sha256(study / name)
    write_json(study / "provenance.json", provenance)


def test_a_finished_study_passes_with_a_line_per_check(study, capsys):
    assert failed(study) == {}
    assert main([str(study)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("ok") for line in lines) == 1 + 1 + 6 + len(TABLES)
    assert lines[-2] == f"{CHECKS} of {CHECKS} checks passed"


def test_weights_may_be_absent_and_nothing_else(study):
    (study / "models" / "a" / "seed0" / "weights.safetensors").unlink()
    assert failed(study) == {}
    (study / "data" / "classes.json").unlink()
    assert failed(study)["data/classes.json"] == "is missing"


def test_a_changed_number_in_a_table_fails_and_is_shown(study, capsys):
    path = study / "tables" / "accuracy.csv"
    path.write_text(path.read_text().replace("a,scenes,random,all,0,", "a,scenes,random,all,0,9", 1))
    found = failed(study)
    assert "differs" in found["tables/accuracy.csv"] or "line 2" in found["tables/accuracy.csv"]
    restate(study, "tables/accuracy.csv")
    assert "line 2 is stored as 'a,scenes,random,all,0,9" in failed(study)["tables/accuracy.csv"]
    assert main([str(study)]) == 1
    assert "FAILED  tables/accuracy.csv" in capsys.readouterr().out


def test_a_changed_line_end_fails(study):
    path = study / "tables" / "settings.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    restate(study, "tables/settings.csv")
    assert "line ends" in failed(study)["tables/settings.csv"]


def test_changed_predictions_fail_by_their_hash_and_by_the_tables(study):
    name = "models/a/seed0/predictions.npz"
    data = dict(np.load(study / name))
    data["probabilities"] = data["probabilities"][:, ::-1]
    np.savez(study / name, **data)
    assert {name, "stored files", "tables/accuracy.csv"} <= failed(study).keys()
    restate(study, name)
    assert "stored files" not in failed(study) and "tables/accuracy.csv" in failed(study)


def test_targets_other_than_the_labels_fail(study):
    name = "models/b/seed1/predictions.npz"
    data = dict(np.load(study / name))
    data["target"][-1] = 1
    np.savez(study / name, **data)
    assert "labels" in failed(study)["predictions of b, seed 1"]


def test_images_that_moved_between_parts_fail(study):
    path = study / "data" / "parts_seed0.csv"
    rows = read_csv(path)
    rows[4]["part"] = "train"
    write_csv(path, rows, ("image", "part"))
    found = failed(study)
    assert {f"predictions of {model}, seed 0" for model in ("a", "b", "turns")} <= found.keys()
    assert "predictions of a, seed 1" not in found


def test_a_leak_that_the_audit_hides_fails(study):
    write_json(study / "data" / "audit.json", {"images": 10, "leaked_images": []})
    assert "1 test images" in failed(study)["leaks"]


def test_a_hash_of_a_file_elsewhere_is_not_followed(study):
    provenance = json.loads((study / "provenance.json").read_text())
    provenance["files"]["../../x"] = "0"
    write_json(study / "provenance.json", provenance)
    assert failed(study)["../../x"] == "lies outside the study"


@pytest.mark.parametrize("name", ["configuration.yaml", "provenance.json", "data/index.csv", "data/audit.json"])
@pytest.mark.parametrize("damage", [None, b"", b"\xff{]"])
def test_missing_and_damaged_files_are_findings_not_tracebacks(study, name, damage):
    path = study / name
    path.unlink() if damage is None else path.write_bytes(damage)
    assert failed(study)


def test_a_folder_of_studies_means_the_finished_ones(study):
    (study.parent / "unfinished").mkdir()
    (study.parent / "unfinished" / "configuration.yaml").write_text("study: x")
    assert studies_in(study.parent) == [study] == studies_in(study)
    with pytest.raises(UserError, match="no finished study"):
        studies_in(study / "data")


def test_a_folder_without_studies_is_one_message(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "no finished study" in capsys.readouterr().err


def test_the_check_needs_no_torch(study):
    code = f"import sys; from scenessl.report.checks import main; main([{str(study)!r}]); " + (
        "print(sorted({'torch', 'pandas', 'snakemake', 'matplotlib', 'pypdf'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def submission(finished, tmp_path):
    """Return (PDF, zip) of the finished study."""
    pdf, archive = tmp_path / "report.pdf", tmp_path / "A_B_1.zip"
    pdf.write_bytes(readable())
    write_archive(archive, project=finished, root=finished / "results" / "toy", place="results/toy", report=pdf)
    return pdf, archive


def page_of(folder):
    """Write a page with one viewer."""
    (folder / "report.html").write_text('<section class="viewer"></section></html>', encoding="utf-8")
    return folder / "report.html"


def check(root, folder, submission=None, pdf=None, deliverables=None):
    """Check the deliverables of a study as its last rule does."""
    pdf, archive = submission or (pdf, None)
    deliverables = {"1.17 report": [str(pdf)]} if deliverables is None else deliverables
    check_deliverables(
        folder / "checks.json",
        deliverables=deliverables,
        root=root,
        pdf=pdf,
        page=page_of(folder),
        templates=TEMPLATES,
        archive=archive,
    )


def test_complete_deliverables_pass_and_are_listed(study, submission, tmp_path):
    check(study, tmp_path, submission)
    pdf, _ = submission
    found = json.loads((tmp_path / "checks.json").read_text())
    assert found["report"] == {
        "pages": 1,
        "characters": 5,
        "figures": 0,
        "bookmarks": 1,
        "described_figures": 1,
    } and found["results"] == {"checks": CHECKS}
    assert found["page"] == {"viewers": 1}
    assert found["submission"]["folder"] == "A_B_1" and found["deliverables"] == {"1.17 report": [str(pdf)]}


def test_every_missing_deliverable_is_named_and_nothing_is_written(study, submission, tmp_path):
    (tmp_path / "empty.svg").touch()
    asked = {"1.15 maps": [str(tmp_path / "no.svg"), str(tmp_path / "empty.svg")], "1.16 inversion": []}
    with pytest.raises(UserError, match=r"1\.16 inversion: no file.*no\.svg is missing.*empty\.svg is empty"):
        check(study, tmp_path, submission, deliverables=asked)
    assert not (tmp_path / "checks.json").exists()


@pytest.mark.parametrize("change", [lambda text: text.replace("0.", "0.9", 1), None])
def test_results_that_changed_or_went_fail_without_a_submission_as_well(study, submission, tmp_path, change):
    table = study / "tables" / "per_class.csv"
    table.write_text(change(table.read_text())) if change else table.unlink()
    with pytest.raises(UserError, match=r"results in .*toy fail their check: .*per_class\.csv"):
        check(study, tmp_path, pdf=submission[0])
    assert not (tmp_path / "checks.json").exists()


def test_a_report_that_does_not_open_fails_wherever_it_was_cut(tmp_path):
    path, whole = tmp_path / "report.pdf", one_page()
    for length in range(whole.index(b"%%EOF")):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"report\.pdf does not open"):
            read_report(path)
    path.write_bytes(b"no pdf at all")
    with pytest.raises(UserError, match="does not open"):
        read_report(path)


@pytest.mark.parametrize(
    ("pages", "words"), [("Tb", "no text on page 2"), ("bTb", "no text on page 1, 3"), ("", "does not open")]
)
def test_a_report_with_a_page_without_text_fails(tmp_path, pages, words):
    writer, text = PdfWriter(), PdfReader(io.BytesIO(one_page())).pages[0]
    for page in pages:
        writer.add_page(text) if page == "T" else writer.add_blank_page(99, 99)
    writer.write(tmp_path / "blank.pdf")
    with pytest.raises(UserError, match=words):
        read_report(tmp_path / "blank.pdf")


def rewritten(path, change):
    """Write a zip again with its {name: bytes} changed."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in change(files).items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda files: files | {"beside.txt": b""}, "beside its folder"),
        (lambda files: files | {"A_B_1/../../x": b""}, "beside its folder"),
        (lambda files: {name: data for name, data in files.items() if "Makefile" not in name}, "lacks Makefile"),
        (lambda files: files | {"A_B_1/report.pdf": b"other"}, "another report"),
        (lambda files: files | {"A_B_1/results/toy/tables/accuracy.csv": b"model\n"}, "fail their check"),
        (lambda files: {name: data for name, data in files.items() if "provenance" not in name}, "no results"),
        (
            lambda files: {name: data for name, data in files.items() if "index.csv" not in name},
            "index.csv: is missing",
        ),
        (lambda files: files | {"A_B_1/results/toy/provenance.json": b"{}"}, "other results than"),
    ],
)
def test_a_submission_that_is_not_whole_fails(study, submission, tmp_path, change, message):
    rewritten(submission[1], change)
    with pytest.raises(UserError, match=message):
        check(study, tmp_path, submission)


@pytest.mark.parametrize("damage", [lambda data: data[:-400], lambda data: data[:50] + bytes(9) + data[59:]])
def test_a_damaged_zip_fails(study, submission, tmp_path, damage):
    _, archive = submission
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(UserError, match="does not unpack"):
        check(study, tmp_path, submission)


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        ({"title": True}, "has no title"),
        ({"language": True}, "names no language"),
        ({"bookmark": True}, "has no bookmarks"),
        ({"tags": ""}, "has no tags for screen readers"),
        ({"figure": ""}, "1 figures without an alternative text"),
    ],
)
def test_a_report_that_some_readers_cannot_use_fails(study, tmp_path, lacks, message):
    (tmp_path / "report.pdf").write_bytes(readable(**lacks))
    with pytest.raises(UserError, match=message):
        check(study, tmp_path, pdf=tmp_path / "report.pdf")


def test_a_described_figure_passes_and_a_heavy_report_fails(tmp_path, monkeypatch):
    path = tmp_path / "report.pdf"
    path.write_bytes(readable(figure="a chart"))
    assert accessible.demand_accessible(path, 1) == {"bookmarks": 1, "described_figures": 1}
    monkeypatch.setattr(accessible, "LARGEST", 100)
    with pytest.raises(UserError, match="is larger than"):
        accessible.demand_accessible(path, 1)


def test_a_caption_whose_figure_has_no_tag_fails(tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(readable())
    with pytest.raises(UserError, match="has tags for 1 of 2 figures"):
        accessible.demand_accessible(path, 2)
    assert CAPTION.findall("See Figure 9. It\nFigure 12. A chart.\nFigure 12 shows") == ["12"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (
            "sections/conclusion.html.jinja",
            '{{ heading("conclusion"',
            '<p>It reaches 93.47 %.</p>{{ heading("conclusion"',
        ),
        ("sections/accuracy.html.jinja", "Chart of the test accuracies", "Chart of the 8 test accuracies"),
    ],
)
def test_a_number_typed_into_a_template_fails_the_build(study, submission, tmp_path, monkeypatch, file, old, new):
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    path = tmp_path / "templates" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "TEMPLATES", tmp_path / "templates")
    with pytest.raises(UserError, match=rf"typed by hand.*{path.name}"):
        check(study, tmp_path, submission)
    assert not (tmp_path / "checks.json").exists()


def test_no_text_of_ours_holds_a_typed_number():
    demand_computed(TEMPLATES, TEMPLATES.parent / "scenessl" / "report")


def test_a_number_typed_into_a_sentence_is_found_and_what_no_run_changes_is_not(tmp_path):
    (tmp_path / "answers").mkdir()
    for name in ("verdicts", "flags"):
        (tmp_path / f"{name}.py").write_text('"""The best of 3."""\n')
    module = tmp_path / "answers" / "some.py"
    module.write_text('def f():\n    """Of 12 models."""\n    return say("{a} of the 95 % interval (1: the same)")\n')
    demand_computed(TEMPLATES, tmp_path)
    module.write_text('TEXT = "rotation gains 1.2 points"\n')
    with pytest.raises(UserError, match=r"some\.py: 'rotation gains 1\.2 points'"):
        demand_computed(TEMPLATES, tmp_path)
    module.write_text('TEXT = "rotation reaches 95 % of the images"\n')
    with pytest.raises(UserError, match="95 % of the images"):
        demand_computed(TEMPLATES, tmp_path)
