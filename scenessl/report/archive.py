"""The submission: one zip with one folder of the same name, holding report, configuration, code and results.

The same files give the same bytes: entries are sorted, dated 1980-01-01 and carry fixed permissions. Weights, crops
and images of the data set stay at home; what `make check` needs goes along. What looks like a secret, by its name or by
what stands in it, stays at home and is named on the terminal.
"""

import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from scenessl.errors import UserError
from scenessl.files import atomic, read_csv, read_json
from scenessl.report.checkout import VERSION, project_files, secret_files
from scenessl.report.provenance import NAME, read_published, sha256, stored_files

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can state
REGULAR = 0o100000
# Private keys, and keys of services that mark theirs: GitHub, GitLab, Amazon, Google, Hugging Face, Slack.
SECRET = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(gh[opsu]_[A-Za-z0-9]{36}|github_pat_\w{50}|glpat-[\w-]{20}"
    rb"|AKIA[A-Z0-9]{16}|AIza[\w-]{35}|hf_[A-Za-z0-9]{30}|xox[abps]-[\w-]{20})"
)


def write_archive(output: Path | str, *, project: Path | str, root: Path | str, place: str, report: Path | str) -> None:
    """Write the submission; its one folder is named as the zip is.

    Args:
        output: `Lastname_FirstName_StudentID.zip`, see `naming.submission_name`.
        project: the folder of the code as it stands.
        root: the study's results folder, finished up to tables and provenance.json.
        place: where those results go inside the folder, relative, as the workflow names them.
        report: the PDF.

    Raises:
        UserError: a file that belongs in it is missing, or is a link that leads out of the results.
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
    """Return the code's files by their name in the folder, without secrets and any image of the data set."""
    where = PurePosixPath(place)
    if where.is_absolute() or ".." in where.parts:
        raise ValueError(f"place must lie inside the folder: {place}")
    names = project_files(project, [str(where.parent / "README.md")])
    images = {row["sha256"] for row in read_csv(root / "data" / "index.csv")}
    secret = [name for name in names if SECRET.search((project / name).read_bytes())]
    _report(sorted([*secret_files(project), *secret]))
    names = [name for name in names if name not in secret and name != VERSION]
    return {name: project / name for name in names if sha256(project / name) not in images}


def _report(secret: Iterable[str]) -> None:
    """Name on the terminal what is left out because it looks like a secret."""
    if names := ", ".join(map(ascii, secret)):
        print(f"left out of the submission, since they look like secrets: {names}", flush=True)


def _results(root: Path, place: str) -> dict[str, Path]:
    """Return the result files that go along, by their name in the folder."""
    names = [*stored_files(read_published(root)), NAME]
    away = [name for name in names if not (root / name).resolve().is_relative_to(root.resolve())]
    if away:
        raise UserError(f"{root / away[0]} is a link out of {root}. Put a file there, or run the study again.")
    return {f"{place}/{name}": root / name for name in names}


def _entry(name: str, path: Path | None) -> zipfile.ZipInfo:
    """Describe one entry; a file that may be executed stays so."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3  # Unix, whatever system writes it: else the permissions mean nothing
    executable = path is not None and path.stat().st_mode & 0o100
    entry.external_attr = (REGULAR | (0o755 if executable else 0o644)) << 16
    return entry
