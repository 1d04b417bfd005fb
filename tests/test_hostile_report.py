"""Names, words and files from elsewhere in report and figures: they are shown, and do nothing else."""

import re
import threading
from collections import Counter
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pypdf
import pytest
from markupsafe import escape
from synthetic_study import FIFTEEN, TEN, configuration, write_study, write_yaml

from scenessl.errors import UserError
from scenessl.figures import confusion, style
from scenessl.files import read_json, write_json
from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html, render_pdf

TEMPLATES = Path(__file__).parent.parent / "templates"
HARMLESS = "Q harmless Q"
HOSTILE = (
    "Q</title></style></script><script>alert(1)</script><img src=http://x/ onerror=y>\"' onload='z]]><!-- --> &amp; & "
    '{{ 7*7 }}{% raw %}{# #}{0}{name}{a.b[0]} %s $x^1$ \\(y\\) javascript:1 <a data-ref="curves_rotation"></a> '
    "<div data-contents></div> =1+1 \u05d0\u05d1 \U0001f600 Q"
)


class Page(HTMLParser):
    """The structure of a page, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.links = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, *(name for name, _ in attributes)))
        self.links += [value for name, value in attributes if name in ("href", "src", "data", "style")]

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        pytest.fail(f"a comment: {data}")


def study_of(folder, name, document):
    """A study in which everything that somebody may have written contains `name`."""
    classes = [f"{name} {number:02}" for number in range(len(FIFTEEN if document == "scene15" else TEN))]
    person = {"first_name": name, "last_name": name, "number": name}
    words = dict.fromkeys(
        read_evidence(write_study(folder / "0", document=document, per_class=1)).document.QUESTIONS, name
    )
    changes = {"title": name, "date": name, "student": person, "words": words, "validation_reason": name}
    root = write_study(folder / "1", classes, document=document, per_class=2, **changes)
    audit = read_json(root / "data/audit.json")
    audit["duplicates"] = [[f"train/{name}/{name}.png", f"train/{name}/a.png"]]
    write_json(root / "data/audit.json", audit)
    facts = read_json(root / "provenance.json")
    facts["hardware"]["device"] = facts["libraries"]["torch"] = name
    write_json(root / "provenance.json", facts)
    published = read_evidence(root).published
    for model in published["models"].values():
        model["reasons"] = dict.fromkeys(model["reasons"], name)
    published["weights"]["name"] = name
    write_yaml(root / "configuration.yaml", published)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("document", ["scene15", "cifar10"])
def test_the_page_has_the_same_structure_whatever_things_are_called(tmp_path, document):
    pages = []
    for name in (HARMLESS, HOSTILE):
        root = study_of(tmp_path / str(len(pages)), name, document)
        pages.append(Page(render_html(read_evidence(root), paper(TEMPLATES))))
    harmless, hostile = pages
    assert hostile.tags == harmless.tags
    assert "".join(hostile.words).replace(HOSTILE, HARMLESS).split() == "".join(harmless.words).split()
    assert "".join(hostile.words).count(HOSTILE) > 50
    places = ("#", "https://", tmp_path.as_uri(), TEMPLATES.as_uri())
    assert hostile.links and all(link.startswith(places) and "script" not in link for link in hostile.links)


def test_signs_that_turn_all_text_behind_them_are_not_in_the_page(tmp_path):
    steering = "a\u202eb\u2066c\x1b[2J\x00d\ufffe"
    root = write_study(tmp_path, [f"{steering}{number}" for number in range(15)], per_class=1)
    html = render_html(read_evidence(root), paper(TEMPLATES))
    assert "a\ufffdb\ufffdc\ufffd[2J\ufffdd\ufffd" in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", html)


def test_the_pdf_shows_everything_and_runs_nothing(tmp_path):
    (tmp_path / "f.svg").write_text(f"{SVG}</svg>")
    image = f'<img src="{(tmp_path / "f.svg").as_uri()}" alt="{escape(HOSTILE)}">'
    head = f'<title>{escape(HOSTILE)}</title><meta name="author" content="{escape(HOSTILE)}">'
    html = f'<html lang="en">{head}<h1>{escape(HOSTILE)}</h1>{image}<p>{escape(HOSTILE)} <a href="https://x.org">y</a>'
    render_pdf(html, tmp_path / "a.pdf", [tmp_path])
    pdf = pypdf.PdfReader(tmp_path / "a.pdf")
    assert pdf.metadata.title == pdf.metadata.author == HOSTILE
    assert [entry["/Title"] for entry in pdf.outline] == [HOSTILE]
    objects = [pdf.get_object(number) for number in range(1, pdf.trailer["/Size"])]
    keys = {str(key) for one in objects for key in keys_of(one)}
    assert not keys & {"/JS", "/JavaScript", "/Launch", "/EmbeddedFile", "/OpenAction", "/AA", "/SubmitForm"}
    assert HOSTILE in [one["/Alt"] for one in objects if isinstance(one, dict) and "/Alt" in one]
    assert [note["/A"]["/URI"] for note in notes_of(pdf)] == ["https://x.org"]
    text = "".join(page.extract_text() for page in pdf.pages)
    assert re.sub(r"\s", "", text).count("<script>alert(1)</script>") == 2


def keys_of(thing):
    """All keys of a PDF object."""
    if isinstance(thing, dict):
        return [*thing, *(key for value in thing.values() for key in keys_of(value))]
    return [key for value in thing for key in keys_of(value)] if isinstance(thing, list) else []


def notes_of(pdf):
    return [note.get_object() for page in pdf.pages for note in page.get("/Annots", [])]


# --- figures ----------------------------------------------------------------------------------------------------------

NAMES = [
    "--><script>alert(1)</script><!--",
    "$\\frac{x}{0}$ $x_1$",
    "]]></svg>&amp;",
    "_\"'\u202eabc\u2066\n\x1b",
    "&lt;&#1;",
]


def test_names_in_figures_are_outlines_and_nothing_else(tmp_path):
    target = np.arange(5)
    probabilities = np.eye(5, dtype=np.float32)
    part = np.full(5, 2, np.uint8)
    for at, names in enumerate((list("abcde"), NAMES)):
        path = tmp_path / f"{at}.npz"
        np.savez(path, part=part, target=target, probabilities=probabilities, names=np.array(names))
        confusion.draw(predictions=[path], output=tmp_path / f"{at}.svg")
    plain, hostile = (tags_of(tmp_path / f"{at}.svg") for at in (0, 1))
    assert hostile.keys() == plain.keys()
    assert not {"script", "foreignObject", "a", "image", "text", "style"} & hostile.keys() - plain.keys()
    links = re.findall(r'href="([^"]*)"', (tmp_path / "1.svg").read_text(encoding="utf-8"))
    assert links and all(link.startswith(("#", "data:image/png;base64,")) for link in links)


def tags_of(path):
    return Counter(element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter())


def test_no_sign_in_a_figure_turns_the_text_behind_it():
    assert style.plain("a\u202eb\u2067c\u2069") == "a\ufffdb\ufffdc\ufffd"
    assert style.plain("\u05d0\u05d1 x") == "\u05d0\u05d1 x"


# --- what WeasyPrint reads --------------------------------------------------------------------------------------------


@pytest.fixture
def server():
    """An HTTP server that counts requests."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}", asked
        serving.shutdown()


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="90">'
# How something else may be asked for: in the page, in a style sheet, and in a figure; U stands for what.
IN_PAGE = (
    '<img src="U" alt="x">', '<link rel="stylesheet" href="U">', "<style>@import url(U);</style>",
    '<style>@font-face { font-family: x; src: url("U") } p { font-family: x }</style>',
    "<style>p { background: url(U) }</style>", "<style>p::before { content: url(U) }</style>",
    "<style>li { list-style-image: url(U) }</style>", '<object data="U"></object>', '<embed src="U">',
    '<link rel="attachment" href="U">', '<a rel="attachment" href="U">x</a>', '<iframe src="U"></iframe>',
    '<svg width="9" height="9"><image href="U" width="9" height="9"/></svg>', '<base href="U"><img src="y" alt="x">',
    "<style>@page { background: url(U) }</style>", '<p style="background-image: url(U)">x</p>',
)  # fmt: skip
IN_SVG = (
    '<image xlink:href="U" width="9" height="9"/>', '<image href="U" width="9" height="9"/>', '<use xlink:href="U#a"/>',
    "<style>@import url(U);</style><rect/>", '<rect width="9" height="9" fill="url(U#a)"/>',
    '<?xml-stylesheet href="U"?><rect/>', '<feImage href="U"/>', '<text><tref xlink:href="U"/></text>',
)  # fmt: skip


def drawn(tmp_path, html):
    """Make a PDF; return its text and embedded files, and what was refused."""
    figures = tmp_path / "results" / "figures"
    try:
        render_pdf(
            f'<html lang="en"><title>t</title>{html}<p>x<li>y', tmp_path / "a.pdf", [figures, tmp_path / "templates"]
        )
    except UserError as error:
        assert not (tmp_path / "a.pdf").exists()
        return "", str(error)
    pdf = pypdf.PdfReader(tmp_path / "a.pdf")
    said = "".join(page.extract_text() for page in pdf.pages) + str(pdf.attachments)
    (tmp_path / "a.pdf").unlink()
    return said, None


@pytest.fixture
def place(tmp_path):
    """A project in which report.css and a figure may be read, and a secret beside them may not."""
    for name in ("results/figures", "results/data", "templates", "etc"):
        (tmp_path / name).mkdir(parents=True)
    secret = SVG + '<text x="5" y="20">TOPSECRET</text></svg>'
    for name in ("etc/passwd", "results/data/passwd", "figures-of-others.svg"):
        (tmp_path / name).write_text(secret)
    (tmp_path / "results/figures/link.svg").symlink_to(tmp_path / "etc/passwd")
    (tmp_path / "results/figures/circle.svg").symlink_to("circle.svg")
    (tmp_path / "results/figures/own.svg").write_text(SVG + '<text x="5" y="20">OURS</text></svg>')
    return tmp_path


def test_our_own_figures_are_read(place):
    source = (place / "results/figures/own.svg").as_uri()
    assert "OURS" in drawn(place, f'<img src="{source}" alt="x">')[0]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["page", "figure", "style sheet"])
def test_nothing_is_fetched_from_elsewhere_and_no_secret_reaches_the_pdf(place, server, where):
    url, asked = server
    secret = (place / "etc/passwd").as_uri()
    figures = (place / "results/figures").as_uri()
    sources = [
        f"{url}/x.svg",
        secret,
        f"{figures}/../data/passwd",
        f"{figures}/%2e%2e/data/passwd",
        f"{figures}/link.svg",
    ]
    sources += [secret.replace("file:///", "file://localhost/"), "/etc/passwd", f"ftp{url[4:]}/x"]
    sources += [
        f"{figures}/circle.svg",
        "file:///dev/zero",
        f"data:image/svg+xml,{SVG}</svg>",
        f"{figures}-of-others.svg",
    ]
    patterns = {"page": IN_PAGE, "figure": IN_SVG, "style sheet": ("@import 'U';", "p { background: url(U) }")}[where]
    for pattern in patterns:
        for source in sources:
            html = written(place, pattern, source.replace('"', "'"), where)
            text, refused = drawn(place, html)
            assert "TOPSECRET" not in text
            assert refused is None or "may not or cannot read" in refused
    assert asked == []


def written(place, pattern, source, where):
    """Put a pattern where it belongs; return the page that uses it."""
    text = pattern.replace("U", source)
    if where == "page":
        return text
    if where == "figure":
        (place / "results/figures/f.svg").write_text(f"{SVG}{text}</svg>")
        return f'<img src="{(place / "results/figures/f.svg").as_uri()}" alt="x">'
    (place / "templates/s.css").write_text(text)
    return f'<link rel="stylesheet" href="{(place / "templates/s.css").as_uri()}">'


def test_an_image_from_elsewhere_stops_the_report_and_is_named(place, server):
    for source in (f"{server[0]}/x.png", (place / "etc/passwd").as_uri(), "data:image/svg+xml,<svg/>"):
        assert source in drawn(place, f'<img src="{source}" alt="x">')[1]


def test_entities_in_a_figure_read_nothing_and_do_not_grow(place, server):
    secret = (place / "etc/passwd").as_uri()
    entities = f'<!DOCTYPE svg [<!ENTITY a SYSTEM "{secret}"><!ENTITY b SYSTEM "{server[0]}/b">'
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    for body in ("&a;", "&b;", "&l11;"):
        path = place / "results/figures/f.svg"
        path.write_text(f"{entities}{laughs}]>{SVG}<text y='20'>{body}</text></svg>")
        text, _ = drawn(place, f'<img src="{path.as_uri()}" alt="x">')
        assert "TOPSECRET" not in text and text.count("ha") < 1000
    assert server[1] == []


def test_the_configuration_of_the_toy_is_what_is_attacked():
    """Whatever a student may write into a published configuration stands in `study_of`."""
    texts = {
        key for key, value in configuration().items() if isinstance(value, str) or key in {"student", "words", "date"}
    }
    structure = {"study", "network", "transform", "document", "validation"}
    assert texts - structure == {"title", "date", "student", "words", "validation_reason"}
