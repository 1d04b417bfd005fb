"""From result files and templates to the PDF report."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import jinja2
from markupsafe import Markup

from scenessl.errors import UserError
from scenessl.files import atomic, write_text
from scenessl.report import settings_tables, text, text_data, wording
from scenessl.report.answers import beside, labels, repeats, seeds, training, trajectory, trials
from scenessl.report.answers.training import spread_text
from scenessl.report.captions import Captions
from scenessl.report.demands import demand_requirements
from scenessl.report.evidence import Evidence, read_evidence
from scenessl.report.numbers import FILTERS, percent_range
from scenessl.report.readers.files import NotThereError

EPOCH = "1690000000"
"""Default of SOURCE_DATE_EPOCH: a fixed date in the PDF, so that the same results give the same bytes."""

STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Signs that no name needs: those that turn the direction of all text behind them, control signs and half signs."""

PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")
"""What our figures carry inside them."""

SUBJECTS = {
    "beside": beside,
    "labels": labels,
    "repeats": repeats,
    "trajectory": trajectory,
    "trials": trials,
    "text": text,
    "data": text_data,
    "training": training,
    "seeds": seeds,
    "settings": settings_tables,
}
"""What every document's template may call; its own answers are added to these."""


@dataclass(frozen=True)
class Layout:
    """How the same sections are laid out: on paper, or as a page.

    Attributes:
        folders: where templates are looked for; the first that has one of that name gives it.
        figure: gives the URL of a figure, of which the file is given.
        viewer: gives the mark-up of what paper cannot do, by its name and the models it shows; nothing on paper.
        style: URL of the style sheet, for layouts that link to one.
    """

    folders: list[Path]
    figure: Callable[[Path], str]
    viewer: Callable[..., str]
    style: str = ""


def paper(templates: Path | str) -> Layout:
    """Lay out for the PDF: figures and style sheet are linked to, and nothing can be operated."""
    templates = Path(templates)
    return Layout([templates], _file_url, lambda *_: "", (templates / "report.css").resolve().as_uri())


def _file_url(file: Path) -> str:
    return file.parent.resolve().as_uri() + f"/{quote(file.name)}"


def write_report(
    root: Path | str,
    templates: Path | str,
    out_pdf: Path | str,
    out_html: Path | str | None = None,
    draft: bool = False,
) -> list[str]:
    """Write the report of the study whose results lie in `root`.

    Args:
        root: results of the study (configuration.yaml, data/, models/, tables/, figures/ …).
        templates: folder with report.html.jinja, <document>.html.jinja, sections/, report.css and fonts/.
        out_pdf: the PDF to write.
        out_html: the HTML it was made of, for those who look for a mistake; it links to figures and style sheet.
        draft: name missing parts in the text instead of failing.

    Returns:
        The names of the missing files, empty unless `draft`.

    Raises:
        UserError: missing evidence (without `draft`), or a mistake in a template.
    """
    evidence = read_evidence(root, draft)
    html = render_html(evidence, paper(templates))
    if out_html:
        write_text(out_html, html)
    render_pdf(html, out_pdf, [Path(root) / "figures", Path(templates)])
    return sorted(evidence.missing)


def render_html(evidence: Evidence, layout: Layout) -> str:
    """Fill in the templates; UserError names the template and what is wrong in it, or a requirement that is not met."""
    captions = Captions(evidence.draft)
    environment = _environment(evidence, layout, captions)
    try:
        html = captions.resolve(environment.get_template(f"{evidence.published['document']}.html.jinja").render())
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"templates/{error.name}, line {error.lineno}: {error.message}") from error
    except jinja2.TemplateError as error:
        raise UserError(f"templates: {error.message}") from error
    if not evidence.draft:
        demand_requirements(html, evidence.document.requirements(evidence), captions.items)
    return STEERING.sub("\ufffd", html)


def strict_environment(folders: list[Path]) -> jinja2.Environment:
    """Set up Jinja2 for templates below `folders`: strict and escaping, with the numbers' filters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment


def _environment(evidence: Evidence, layout: Layout, captions: Captions) -> jinja2.Environment:
    """Set up Jinja2 with the answers and the numbering."""
    environment = strict_environment(layout.folders)
    environment.filters["spread"] = spread_text
    environment.globals |= SUBJECTS | evidence.document.ANSWERS
    environment.globals |= {
        "e": evidence,
        "document": evidence.document,
        "captions": captions,
        "figure_file": _figure_file(evidence, layout),
        "viewer": layout.viewer,
        "piece": _piece(evidence, captions),
        "percent_range": percent_range,
        "own_words": _own_words(evidence),
        "style": layout.style,
        **{name: getattr(wording, name) for name in ("ref", "listed", "cite", "say", "listing", "names")},
    }
    return environment


def _figure_file(evidence: Evidence, layout: Layout) -> Callable[[str], str]:
    """Make the function that turns a figure's name into its URL."""

    def figure_file(name: str) -> str:
        file = f"figures/{name}.svg"
        if (evidence.root / file).is_file():
            return layout.figure(evidence.root / file)
        if not evidence.draft:
            raise UserError(f"the report needs {evidence.root / file}, which is not there. Run snakemake to make it.")
        if file not in evidence.missing:
            evidence.missing.append(file)
        raise NotThereError(file)

    return figure_file


def _piece(evidence: Evidence, captions: Captions) -> Callable[..., Markup]:
    """Make the block that, in a draft, names what is missing in place of what could not be written."""

    def piece(caller: Callable[[], Markup]) -> Markup:
        before = captions.snapshot()
        try:
            return caller()
        except NotThereError as error:
            if not evidence.draft:
                raise UserError(f"the report needs {error.file}, which is not there.") from error
            captions.restore(before)
            return Markup('<p class="missing">Not there yet: <code>{}</code></p>').format(error.file)

    return piece


def _own_words(evidence: Evidence) -> Callable[[str], list[str]]:
    """Make the function that gives the student's paragraphs on a question; empty when there are none."""

    def own_words(question: str) -> list[str]:
        words = (evidence.published.get("words") or {}).get(question) or ""
        return [part.strip() for part in re.split(r"\n\s*\n", str(words)) if part.strip()]

    return own_words


def render_pdf(html: str, out_pdf: Path | str, folders: list[Path]) -> None:
    """Turn HTML into a tagged PDF of equal bytes for equal content; only files below `folders` are read.

    Raises UserError when WeasyPrint's libraries (Pango) are missing, or an image or style sheet cannot be read.
    """
    weasyprint = _weasyprint()
    failed: list[str] = []
    fetcher = _fetcher([folder.resolve() for folder in folders], failed)
    with _fixed_date():
        document = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url=folders[0].resolve().as_uri() + "/")
        pdf = document.write_pdf(pdf_variant="pdf/ua-1")
    if failed:
        raise UserError("the report may not or cannot read " + "; ".join(sorted(set(failed))))
    with atomic(out_pdf) as temporary:
        temporary.write_bytes(pdf)


def _weasyprint() -> object:
    """Import WeasyPrint, which needs Pango."""
    try:
        import weasyprint
    except OSError as error:
        packages = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        raise UserError(f"WeasyPrint does not find Pango ({error}); for example: apt install {packages}") from error
    return weasyprint


def _fetcher(folders: list[Path], failed: list[str]) -> object:
    """Make a fetcher that reads the pictures in our figures and files below `folders`, and notes what it refused."""
    from weasyprint.urls import URLFetcher

    class LocalFetcher(URLFetcher):
        """Reads embedded pictures and files below the given folders; nothing else, and nothing over a network."""

        def fetch(self, url: str, headers: dict | None = None) -> object:
            """Give the content of `url`; ValueError where that is not allowed."""
            if url.startswith(PICTURES):
                return super().fetch(url, headers)
            path = _local_file(url, folders)
            if path is None:
                failed.append(url[:200])
                raise ValueError(f"not among the report's files: {url}")
            return super().fetch(path.as_uri(), headers)  # the very file that was looked at

    return LocalFetcher(allowed_protocols=("file", "data"), allow_redirects=False)


def _local_file(url: str, folders: list[Path]) -> Path | None:
    """Find the file below one of `folders` that a file: URL names; None where there is none."""
    try:
        parts = urlsplit(url)
        path = Path(unquote(parts.path)).resolve()
        is_ours = parts.scheme == "file" and not parts.netloc and any(path.is_relative_to(one) for one in folders)
        return path if is_ours and path.is_file() else None
    except (ValueError, OSError):  # no URL, no path, a link to itself
        return None


@contextmanager
def _fixed_date() -> Iterator[None]:
    """Set SOURCE_DATE_EPOCH where nobody else has, and take it back."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        yield
        return
    os.environ["SOURCE_DATE_EPOCH"] = EPOCH
    try:
        yield
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]
