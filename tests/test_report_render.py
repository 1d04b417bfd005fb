"""The report as a whole: it renders, escapes, names what is missing, and refuses mistakes in templates."""

import os
import re
import shutil
from pathlib import Path

import pytest
from markupsafe import escape
from synthetic_study import FIFTEEN, write_study

from scenessl.errors import UserError
from scenessl.report import documents
from scenessl.report.evidence import needed, read_evidence
from scenessl.report.render import paper, render_html, render_pdf, write_report

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "templates"
ASSIGNMENTS = {"scene15": "000_381334fd88bf705a", "cifar10": "003_ea3fcb9cc542cb21"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module", params=sorted(ASSIGNMENTS))
def either(request, tmp_path_factory):
    """A study of each document."""
    return write_study(tmp_path_factory.mktemp(request.param), document=request.param)


def html_of(root, templates=TEMPLATES, draft=False):
    return render_html(read_evidence(root, draft), paper(templates))


def words_of(html):
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def test_every_question_is_quoted_and_every_reference_is_filled_in(either):
    html = html_of(either)
    document = read_evidence(either).document
    for key, question in document.QUESTIONS.items():
        assert f'id="question_{key}"' in html
        assert escape(question) in html
    for quoted in document.QUOTES.values():
        assert escape(quoted) in html
    assert not re.search(r"data-(ref|cite|list|contents|bibliography)", html)
    targets = set(re.findall(r'href="#([^"]+)"', html))
    assert targets <= set(re.findall(r'id="([^"]+)"', html))


@pytest.mark.parametrize(("name", "file"), ASSIGNMENTS.items())
def test_questions_are_those_of_the_assignment(name, file):
    assignment = ROOT.parent / f"shared/spec/{file}.txt"
    if not assignment.is_file():
        pytest.skip("the assignment's text is not part of the repository")
    text = re.sub(r"\]\(#\)|<sup>\d</sup>|[\[\]`*]", "", assignment.read_text(encoding="utf-8"))
    text = re.sub(r" ([.,])", r"\1", " ".join(text.split()))
    document = documents.find(name)
    for quoted in (*document.QUOTES.values(), *document.QUESTIONS.values()):
        assert re.sub(r"[\[\]`]", "", quoted) in text


def test_an_unknown_document_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no scenessl/report/documents/nothing\.py"):
        html_of(write_study(tmp_path, document="nothing", per_class=1))


def test_captions_are_unique_and_numbered_without_gaps(either):
    html = html_of(either)
    for kind in ("Figure", "Table"):
        numbers = [int(number) for number in re.findall(rf"<b>{kind} (\d+)\.</b>", html)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers
    captions = re.findall(r"<figcaption><b>.*?</b>(.*?)</figcaption>", html)
    assert len(captions) == len(set(captions))


def test_student_and_class_names_are_escaped(tmp_path):
    classes = ["<script>alert(1)</script>", "{{ 7 * 7 }}", "salt & pepper"]
    root = write_study(tmp_path, classes, words={"5": "<script>bad()</script> {{ e.root }} & so on"})
    html = html_of(root)
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "{{ 7 * 7 }}" in html
    assert "{{ e.root }} &amp; so on" in html
    assert "salt &amp; pepper" in html


def test_a_words_block_appears_only_where_there_are_words(either):
    assert html_of(either).count("In the student’s own words") == 1


def test_missing_evidence_is_named(tmp_path):
    root = write_study(tmp_path)
    (root / "tables/accuracy.csv").unlink()
    with pytest.raises(UserError, match=r"tables/accuracy\.csv"):
        read_evidence(root)


def test_missing_figure_is_named(tmp_path):
    root = write_study(tmp_path)
    (root / "figures/inversion_traces.svg").unlink()
    with pytest.raises(UserError, match=r"figures/inversion_traces\.svg"):
        html_of(root)


@pytest.mark.parametrize(
    ("document", "keep"),
    [
        ("scene15", set()),
        ("scene15", {"data/index.csv", "data/classes.json"}),
        ("scene15", {"tables/accuracy.csv"}),
        ("cifar10", set()),
        ("cifar10", {"data/index.csv", "data/classes.json"}),
    ],
)
def test_draft_names_what_is_missing(tmp_path, document, keep):
    root = write_study(tmp_path, document=document)
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.relative_to(root).as_posix() not in keep | {"configuration.yaml"}:
            path.unlink()
    evidence = read_evidence(root, draft=True)
    html = render_html(evidence, paper(TEMPLATES))
    assert "Not there yet: <code>tables/fitting.csv</code>" in html
    assert "<b>Draft.</b>" in html
    for question in evidence.document.QUESTIONS.values():
        assert escape(question) in html
    assert set(evidence.missing) == set(needed(evidence.published)) - keep - {"configuration.yaml"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "drop",
    [
        "tables/comparisons.csv",
        "explain/choice.json",
        "explain/scorecam/supervised.npz",
        "data/audit.json",
        "models/rotation/seed0/history.csv",
        "explain/inversion/rotation.npz",
        "provenance.json",
    ],
)
def test_draft_lives_without_any_single_file(tmp_path, drop):
    root = write_study(tmp_path, per_class=4)
    (root / drop).unlink()
    evidence = read_evidence(root, draft=True)
    html = render_html(evidence, paper(TEMPLATES))
    assert evidence.missing == [drop]
    assert f"Not there yet: <code>{drop}</code>" in html


@pytest.mark.slow
@pytest.mark.parametrize(
    "drop",
    [
        "tables/probes.csv",
        "probes/rotation_seed0.npz",
        "explain/filters/rotation.npz",
        "explain/cam/rotation_classes.npz",
        "explain/loss_extremes/rotation.npz",
        "explain/embedding/supervised.npz",
        "explain/neighbours/supervised.npz",
        "figures/cam_rotation.svg",
        "figures/probes.svg",
    ],
)
def test_draft_of_the_second_study_lives_without_any_single_file(tmp_path, drop):
    root = write_study(tmp_path, per_class=4, document="cifar10")
    (root / drop).unlink()
    evidence = read_evidence(root, draft=True)
    assert f"Not there yet: <code>{drop}</code>" in render_html(evidence, paper(TEMPLATES))
    assert evidence.missing == [drop]


def test_needed_lists_exactly_what_the_study_wrote(either):
    written = {path.relative_to(either).as_posix() for path in either.rglob("*") if path.is_file()}
    assert set(needed(read_evidence(either).published)) == written


def test_what_is_not_asked_for_is_neither_read_nor_written_about(tmp_path):
    nothing = dict.fromkeys(("loss_extremes", "embedding", "neighbours"))
    text = words_of(html_of(write_study(tmp_path, per_class=2, **nothing)))
    assert "Further looks at the features" not in text
    assert "t-SNE" not in text


def test_the_first_study_looks_further_at_its_features_where_asked(study):
    text = words_of(html_of(study))
    for words in ("Further looks at the features", "mapped into the plane by t-SNE", "nearest among the"):
        assert words in text


def test_the_second_study_speaks_neither_of_scenes_nor_of_the_first_network(tmp_path):
    text = words_of(html_of(write_study(tmp_path, per_class=2, document="cifar10"))).casefold()
    without = text.replace("imagenet classification with deep convolutional neural networks", "")
    for word in ("scene", "efficientnet", "imagenet", "crop", "pretrained start"):
        assert word not in without.replace("flip + crop", "").replace("scenessl/", ""), word


def changed_templates(folder, file, old, new):
    shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "sections/inversion.html.jinja",
            "Rise of the activations during the inversion, filter by filter.",
            "Test accuracy of every model that answers with classes, with 95 % Wilson intervals.",
            "two figures have the caption",
        ),
        (
            "sections/accuracy.html.jinja",
            '"accuracy_figure"',
            '"another_figure"',
            "no text refers to figure 'another_figure'",
        ),
        ("sections/introduction.html.jinja", 'ref("sources")', 'ref("nowhere")', "refers to nothing"),
        (
            "sections/schemes.html.jinja",
            'ref("comparisons")',
            '"the table"',
            "no text refers to table 'comparisons'",
        ),
        ("sections/schemes.html.jinja", "mcnemar1947", "nobody1900", "no such work"),
        ("sections/cover.html.jinja", "e.published.date", "e.published.dote", "dote"),
        ("sections/cover.html.jinja", "{% if e.draft %}", "{% if %}", "cover.html.jinja"),
    ],
)
def test_mistakes_in_templates_are_refused(study, tmp_path, file, old, new, message):
    templates = changed_templates(tmp_path / "templates", file, old, new)
    with pytest.raises(UserError, match=re.escape(message)):
        html_of(study, templates)


@pytest.mark.parametrize("ids", [[], ["question_4b", "nowhere"]])
def test_a_requirement_that_nothing_meets_is_refused(study, monkeypatch, ids):
    document = documents.find("scene15")
    row, whole = ("9.9", "a thing that nobody made", ids), document.requirements
    monkeypatch.setattr(document, "requirements", lambda evidence: [*whole(evidence), row])
    with pytest.raises(UserError, match=r"9\.9 \(a thing|'nowhere'"):
        html_of(study)


def test_a_requirement_whose_section_says_nothing_is_refused(tmp_path):
    file, old = "sections/usefulness.html.jinja", "{{ paragraphs(usefulness.useful(e)) }}"
    with pytest.raises(UserError, match=r"meets requirement 1\.13"):
        html_of(write_study(tmp_path, words={}), changed_templates(tmp_path / "templates", file, old, ""))


def test_demo_calls_nothing_imagenet_but_the_bibliography_and_the_transform(tmp_path):
    text = words_of(html_of(write_study(tmp_path, demo=True)))
    assert "drawn by the program" in text
    assert "random weights" in text
    without = text.replace("EfficientNet_B0_Weights.IMAGENET1K_V1.transforms()", "")
    for title in ("ImageNet: A large-scale hierarchical image database", "ImageNet classification with deep"):
        without = without.replace(title, "")
    assert "imagenet" not in without.casefold()


def test_a_drawn_second_study_is_a_demonstration_but_a_random_start_makes_none(tmp_path):
    real = words_of(html_of(write_study(tmp_path / "real", per_class=2, document="cifar10")))
    drawn = words_of(html_of(write_study(tmp_path / "drawn", per_class=2, document="cifar10", demo=True)))
    assert "A demonstration." in drawn
    assert "A demonstration." not in real
    assert "All networks start from random weights: what they know" in real


def test_number_of_classes_comes_from_the_data(tmp_path):
    html = html_of(write_study(tmp_path, ["cats", "dogs"]))
    assert "of 2 classes" in html
    assert not re.search(r"fifteen|15 classes", words_of(html), re.I)
    assert f"of {len(FIFTEEN)} classes" not in html


def test_no_multi_label_and_every_accuracy_names_its_part(either):
    text = words_of(html_of(either))
    assert "multi-label" not in text.casefold()
    for match in re.finditer(r"\d\s?% accuracy", text):
        pytest.fail(f"an accuracy without its part: {match.group(0)}")


def test_without_early_epoch_controls_or_explained_images(tmp_path):
    from synthetic_study import configuration

    roles = configuration()["roles"] | {"early": None, "controls": []}
    explain = configuration()["explain"] | {"images": 0}
    text = words_of(html_of(write_study(tmp_path, roles=roles, explain=explain)))
    assert "no classifier on an early pretext epoch" in text
    assert "No control shares the start" in text
    assert "no images of them" in text


def test_several_seeds_and_no_validation_part_in_the_second_study(tmp_path):
    several = words_of(html_of(write_study(tmp_path / "a", per_class=2, document="cifar10", seeds=(0, 1))))
    literal = words_of(html_of(write_study(tmp_path / "b", per_class=2, document="cifar10", validation="test")))
    assert "(mean over seeds)" in several
    assert "first seed" in several
    assert "whose L2 penalty is the same throughout" in literal


def test_literal_reading_names_the_test_part_in_the_role_of_validation(tmp_path):
    text = words_of(html_of(write_study(tmp_path, validation="test")))
    assert "test part plays the role of the validation part" in text
    assert "validation accuracy of" not in text


def test_only_local_files_are_read(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    inside = tmp_path / "inside"
    inside.mkdir()
    for source in (secret.as_uri(), "http://127.0.0.1:9/x.png", (inside / "../secret.svg").as_uri()):
        with pytest.raises(UserError, match="may not or cannot read"):
            render_pdf(f'<title>t</title><img src="{source}" alt="x">', tmp_path / "a.pdf", [inside])
    assert not (tmp_path / "a.pdf").exists()


def test_fixed_date_is_taken_back(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    render_pdf('<html lang="en"><title>t</title><p>x</p></html>', tmp_path / "a.pdf", [tmp_path])
    assert "SOURCE_DATE_EPOCH" not in os.environ


@pytest.mark.slow
@pytest.mark.parametrize("document", sorted(ASSIGNMENTS))
def test_two_pdfs_of_equal_results_are_byte_identical(tmp_path, document):
    files = []
    for name in ("one", "another place"):
        root = write_study(tmp_path / name / "results", document=document)
        files.append(tmp_path / f"{name}.pdf")
        assert write_report(root, TEMPLATES, files[-1], draft=False) == []
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_pdf_has_title_language_and_bookmarks(study, tmp_path):
    pypdf = pytest.importorskip("pypdf")
    write_report(study, TEMPLATES, tmp_path / "report.pdf", tmp_path / "report.html")
    pdf = pypdf.PdfReader(tmp_path / "report.pdf")
    assert pdf.metadata.title == "Self-Supervised Scene Classification"
    assert pdf.metadata.author == "Zoë Peeters-Núñez"
    assert pdf.trailer["/Root"]["/Lang"] == "en"
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert len(pdf.outline) > 5
    assert (tmp_path / "report.html").is_file()
