"""The code as it stands in the working tree: which files make up the project, and which commit they are based on.

Standard library only, so that the workflow may ask while it reads its rules.
"""

import os
import subprocess  # nosec B404 # of git, without a shell
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from scenessl.files import read_json

FILES = (
    "install.sh",
    "Snakefile",
    "Makefile",
    "config.yaml",
    "pyproject.toml",
    "requirements*.txt",
    "constraints*.txt",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    ".gitignore",
    ".gitattributes",
)
FOLDERS = (
    ".ci",
    "benchmarks",
    "docs",
    "profiles",
    "rules",
    "scenessl",
    "studies",
    "templates",
    "tests",
    "workflow_scripts",
)
# What outside git plays the part of .gitignore inside the folders above.
IGNORED = (
    "__pycache__", "*.pyc", "*.egg-info", ".venv", ".snakemake", ".pytest_cache", ".ruff_cache", ".hypothesis",
    ".ipynb_checkpoints", ".DS_Store", "*.swp", "*~",
)  # fmt: skip
# What never leaves the machine, tracked or not: secrets, ...
SECRET = (
    ".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore",
    "*.kdbx", "*.gpg", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".pgpass", ".htpasswd",
    ".git-credentials", ".npmrc", ".pypirc", ".aws", ".ssh", ".gnupg", ".kube", ".docker", "kaggle.json",
    "credential", "credentials", "credential.*", "credentials.*", "*[-_]credentials.*", "client_secret*",
    "service[-_]account*", "secret", "secrets", "secret.*", "secrets.*", "password*.txt", "passwords.*",
    "token", "tokens", "token.*", "tokens.*", ".token*", "*.token", "*[-_]token.txt", "*[-_]token.json",
)  # fmt: skip
# ... what belongs to one machine, weights and pixel caches, archives, a data set's pickles ...
AT_HOME = (
    "local.yaml", ".git", "*.safetensors", "*.pth", "*.pt", "*.ckpt", "*.onnx", "*.h5", "*.npy", "*.npz", "*.pkl",
    "*.pickle", "*.zip", "*.tar", "*.tar.*", "*.tgz", "*.7z", "*.rar", "cifar-10*", "data_batch_*", "test_batch",
)  # fmt: skip
# ... and pictures, but for those that the documentation itself shows.
PICTURES = ("*.jpg", "*.jpeg", "*.png", "*.webp", "*.bmp", "*.tif", "*.tiff", "*.gif", "*.pgm", "*.ppm", "*.heic")
WITH_PICTURES = "docs"
VERSION = "code_version.json"  # what an unpacked submission says about the code that it was made from


def project_files(project: Path | str, extra: Iterable[str] = ()) -> list[str]:
    """Return the project's files relative to `project`, sorted: those of FILES and FOLDERS that are not ignored.

    Inside git those that git does not ignore, added or not; outside git those that IGNORED does not match. Left out
    are secrets, weights and data by their names, names that another system may take for another place, and links,
    unless they lead to another file of the list.

    Args:
        project: the folder that holds the Snakefile.
        extra: further files, which count where they exist.
    """
    project = Path(project)
    names = {name for name in [*filter(_belongs, _listed(project)), *extra] if not _stays(name)}
    names = {name for name in names if (project / name).is_file()}
    return sorted(name for name in names if _is_own(project, name, names))


def secret_files(project: Path | str) -> list[str]:
    """Return the files that `project_files` leaves out because they are called as secrets are, sorted."""
    project = Path(project)
    names = [name for name in _listed(project) if _matches(name, SECRET)]
    return sorted(name for name in names if os.path.lexists(project / name))


def code_state(project: Path | str) -> dict[str, object]:
    """Return the commit that the code is based on, and whether the working tree differs from it.

    Outside git: what the `code_version.json` of an unpacked submission states, else that there is no commit.
    """
    project = Path(project)
    if _is_checkout(project):
        commit = _git(project, "rev-parse", "--verify", "HEAD")
        changes = _git(project, "status", "--porcelain")
        return {"commit": commit.decode().strip() if commit else None, "modified": bool(changes)}
    if (project / VERSION).is_file():
        return read_json(project / VERSION)
    return {"commit": None, "note": "not a git checkout"}


def _listed(project: Path) -> list[str]:
    """Name what is not ignored."""
    listed = _git_files(project)
    return [name for name in _walk(project) if not _matches(name, IGNORED)] if listed is None else listed


def _stays(name: str) -> bool:
    """Tell whether a file stays at home whatever stands in it."""
    is_picture = _matches(name, PICTURES) and str(PurePosixPath(name).parent) != WITH_PICTURES
    return is_picture or _matches(name, (*SECRET, *AT_HOME)) or not name.isprintable() or "\\" in name


def _belongs(name: str) -> bool:
    """Tell whether a path is one of FILES or lies in one of FOLDERS."""
    top, _, rest = name.partition("/")
    return top in FOLDERS if rest else any(fnmatch(top, pattern) for pattern in FILES)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether any part of a path matches any pattern."""
    return any(fnmatch(part.lower(), pattern.lower()) for part in PurePosixPath(name).parts for pattern in patterns)


def _is_own(project: Path, name: str, names: set[str]) -> bool:
    """Tell whether a file is no link, or one to another file of the list."""
    target = (project / name).resolve()
    root = project.resolve()
    return target.is_relative_to(root) and target.relative_to(root).as_posix() in names


def _walk(project: Path) -> Iterator[str]:
    """Name the files of FILES and FOLDERS without asking git; linked folders are not entered."""
    yield from (entry.name for entry in project.iterdir() if entry.is_file())
    for folder in FOLDERS:
        for where, _, files in os.walk(project / folder):
            yield from ((Path(where) / file).relative_to(project).as_posix() for file in files)


def _git_files(project: Path) -> list[str] | None:
    """Name all files that git does not ignore, added or not; None outside git."""
    if not _is_checkout(project):
        return None
    found = _git(project, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return None if found is None else [os.fsdecode(name) for name in found.split(b"\0") if name]


def _is_checkout(project: Path) -> bool:
    """Tell whether `project` is itself the top of a working tree, not a folder somewhere inside another one."""
    top = _git(project, "rev-parse", "--show-toplevel")
    return top is not None and Path(os.fsdecode(top).rstrip("\n")).resolve() == project.resolve()


def _git(project: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None when there is no git or it refuses."""
    # a hook that runs us has set GIT_DIR and the like, which would turn git to another repository
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        command = ["git", "-C", str(project), *arguments]
        done = subprocess.run(command, capture_output=True, check=True, env=environment)  # nosec B603 # no shell
        return done.stdout
    except (OSError, subprocess.CalledProcessError):
        return None
