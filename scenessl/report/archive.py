"""The submission: one zip with one folder of the same name, holding report, configuration, code and results.

The same files give the same bytes: entries are sorted, dated 1980-01-01 and carry fixed permissions. Weights, crops
and images of the data set stay at home; what `make check` needs goes along.
"""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from scenessl.errors import UserError
from scenessl.files import atomic, read_csv, read_json
from scenessl.report.checkout import VERSION, project_files
from scenessl.report.provenance import NAME, read_published, sha256, stored_files

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can state
REGULAR = 0o100000


def write_archive(output: Path | str, *, project: Path | str, root: Path | str, place: str, report: Path | str) -> None:
    """Write the submission; its one folder is named as the zip is.

    Args:
        output: `Lastname_FirstName_StudentID.zip`, see `naming.submission_name`.
        project: the folder of the code as it stands.
        root: the study's results folder, finished up to tables and provenance.json.
        place: where those results go inside the folder, relative, as the workflow names them.
        report: the PDF.

    Raises:
        UserError: a file that belongs in it is missing.
    """
    project, root = Path(project), Path(root)
    files = _code(project, root, place) | _results(root, place)
    files |= {"report.pdf": Path(report), "configuration.yaml": root / "configuration.yaml"}
    missing = [str(path) for path in files.values() if not path.is_file()]
    if missing:
        raise UserError(f"the submission lacks {', '.join(missing)}. Run the study to its end first.")
    version = json.dumps(read_json(root / NAME)["code"], indent=2) + "\n"
    folder = Path(output).stem
    with atomic(output) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted([*files, VERSION]):
            path = files.get(name)
            data = version.encode() if path is None else path.read_bytes()
            archive.writestr(_entry(f"{folder}/{name}", path), data, zipfile.ZIP_DEFLATED, 9)


def _code(project: Path, root: Path, place: str) -> dict[str, Path]:
    """Return the code's files by their name in the folder, without any image of the data set."""
    where = PurePosixPath(place)
    if where.is_absolute() or ".." in where.parts:
        raise ValueError(f"place must lie inside the folder: {place}")
    names = project_files(project, [str(where.parent / "README.md")])
    images = {row["sha256"] for row in read_csv(root / "data" / "index.csv")}
    return {name: project / name for name in _without(project, names, images) if name != VERSION}


def _without(project: Path, names: Iterable[str], hashes: set[str]) -> list[str]:
    """Leave out files whose content is that of an image of the data set."""
    return [name for name in names if sha256(project / name) not in hashes]


def _results(root: Path, place: str) -> dict[str, Path]:
    """Return the result files that go along, by their name in the folder."""
    names = [*stored_files(read_published(root)), NAME]
    return {f"{place}/{name}": root / name for name in names}


def _entry(name: str, path: Path | None) -> zipfile.ZipInfo:
    """Describe one entry; a file that may be executed stays so."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3  # Unix, whatever system writes it: else the permissions mean nothing
    executable = path is not None and path.stat().st_mode & 0o100
    entry.external_attr = (REGULAR | (0o755 if executable else 0o644)) << 16
    return entry
