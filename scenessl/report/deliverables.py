"""The last look before a study counts as done: is every deliverable there, and do report and submission open?"""

import errno
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from scenessl.errors import UserError
from scenessl.files import write_json
from scenessl.report.accessible import demand_accessible
from scenessl.report.checks import check_results
from scenessl.report.handwritten import demand_computed
from scenessl.report.provenance import NAME

REQUIRED = ("report.pdf", "configuration.yaml", "Snakefile", "Makefile", "install.sh", "config.yaml", "README.md")
CAPTION = re.compile(r"^Figure (\d+)\. ", re.MULTILINE)


def check_deliverables(
    output: Path | str,
    *,
    deliverables: Mapping[str, Sequence[str]],
    root: Path | str,
    pdf: Path | str,
    page: Path | str,
    templates: Path | str,
    archive: Path | str | None = None,
) -> None:
    """Check the finished study and write what was found as JSON.

    Args:
        output: the JSON file: checks of the results, pages and characters of the report, files of the submission,
            deliverables.
        deliverables: what is asked for, for example "1.15 Score-CAM" -> its files, relative to where the workflow runs.
        root: the study's results folder, whose files must have the hashes that provenance.json states.
        pdf: the report.
        page: the report as a page.
        templates: what the report was made of; no number is typed there or in the sentences of this package.
        archive: the submission; None when none is wanted.

    Raises:
        UserError: names everything that is missing, empty, typed by hand or does not open.
    """
    root, pdf, faults = Path(root), Path(pdf), missing_deliverables(deliverables)
    if faults:
        raise UserError(f"not every deliverable is there: {'; '.join(faults)}.")
    demand_computed(templates, Path(__file__).parent)
    found: dict[str, object] = {"results": {"checks": _demand_sound(root)}}
    found["report"] = read_report(pdf)
    found["report"] |= demand_accessible(pdf, found["report"]["figures"])
    found["page"] = read_page(Path(page))
    if archive is not None:
        found["submission"] = read_submission(Path(archive), root, pdf)
    write_json(output, found | {"deliverables": {name: list(files) for name, files in deliverables.items()}})


def missing_deliverables(deliverables: Mapping[str, Sequence[str]]) -> list[str]:
    """Say of every deliverable without files, and of every file that is missing or empty, that it is so."""
    nothing = [f"{name}: no file is named for it" for name, files in deliverables.items() if not files]
    pairs = [(name, Path(file)) for name, files in deliverables.items() for file in files]
    missing = [f"{name}: {file} is missing" for name, file in pairs if not file.is_file()]
    empty = [f"{name}: {file} is empty" for name, file in pairs if file.is_file() and not file.stat().st_size]
    return nothing + missing + empty


def read_report(pdf: Path) -> dict[str, int]:
    """Count the pages, characters and captioned figures of a PDF; raises UserError when a page has no text."""
    # A browser's reader, since the writer cannot tell whether others read what it wrote. `make check` does without it.
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        with PdfDocument(pdf) as document:
            texts = [page.get_textpage().get_text_bounded() for page in document]
        if not pdf.read_bytes().rstrip().endswith(b"%%EOF"):  # which it would mend, as browsers do
            raise PdfiumError("the end is missing")
    except (OSError, PdfiumError) as error:
        raise UserError(f"{pdf} does not open ({error}). Delete it and run the study again.") from error
    empty = [str(number) for number, text in enumerate(texts, start=1) if not text.strip()]
    if empty:
        raise UserError(f"{pdf} has no text on page {', '.join(empty)}. Check the templates and fonts.")
    figures = {number for text in texts for number in CAPTION.findall(text)}
    return {"pages": len(texts), "characters": sum(map(len, texts)), "figures": len(figures)}


def read_page(page: Path) -> dict[str, int]:
    """Count the viewers of a page; raises UserError when it is not whole or would load anything beside itself."""
    text = page.read_text(encoding="utf-8")
    if not text.rstrip().endswith("</html>"):
        raise UserError(f"{page} is not whole. Delete it and run the study again.")
    outside = re.search(r"\bsrc=[\"'](?!data:)[^\"']*", text) or re.search(
        r"<link[^>]*href=[\"'](?!data:)[^\"']*", text
    )
    if outside:
        raise UserError(f"{page} would load {outside[0]!r} from outside. Check the templates.")
    return {"viewers": text.count('<section class="viewer"')}


def read_submission(path: Path, root: Path, pdf: Path) -> dict[str, object]:
    """Unpack the submission as its reader will and check it; return its folder and number of files.

    Raises:
        UserError: it does not unpack, holds anything beside its one folder, lacks a file of REQUIRED, this report or
            these results, or its results fail `make check`.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = _unpack(path, Path(folder))
        _check_unpacked(path, Path(folder) / path.stem, root, pdf)
    return {"folder": path.stem, "files": len(names)}


def _unpack(path: Path, folder: Path) -> list[str]:
    """Unpack a submission that holds what it should and nothing else; return the names in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            _check_names(path, names)
            archive.extractall(folder)
            return names
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise UserError(f"no room in {folder} to unpack {path}. Free some, or set TMPDIR.") from error
        raise UserError(f"{path} does not unpack ({error}). Delete it and run the study again.") from error


def _check_names(path: Path, names: Sequence[str]) -> None:
    """Refuse a zip with anything beside its one folder, or without a required file."""
    strangers = [name for name in names if not name.startswith(f"{path.stem}/") or ".." in PurePosixPath(name).parts]
    if strangers:
        raise UserError(f"{path} holds {', '.join(strangers)} beside its folder {path.stem}.")
    missing = [name for name in REQUIRED if f"{path.stem}/{name}" not in names]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}.")


def _check_unpacked(path: Path, folder: Path, root: Path, pdf: Path) -> None:
    """Check that the unpacked folder holds this report and these results, from which the tables come out again."""
    if (folder / "report.pdf").read_bytes() != pdf.read_bytes():
        raise UserError(f"{path} holds another report than {pdf}. Delete it and run the study again.")
    studies = sorted(found.parent for found in folder.rglob(NAME))
    if not studies:
        raise UserError(f"{path} holds no results ({NAME} is missing).")
    if [(study / NAME).read_bytes() for study in studies] != [(root / NAME).read_bytes()]:
        raise UserError(f"{path} holds other results than {root}. Delete it and run the study again.")
    _demand_sound(studies[0], path)


def _demand_sound(study: Path, place: Path | None = None) -> int:
    """Check stored results as `make check` does and return the number of checks; `place` is named in their place."""
    checks = check_results(study)
    failed = [str(check) for check in checks if not check.passed]
    if failed:
        raise UserError(f"the results in {place or study} fail their check: {'; '.join(failed)}.")
    return len(checks)
