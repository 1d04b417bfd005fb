"""What a study may have to download: CIFAR-10 and torchvision's ImageNet weights, checked, whole or not at all.

Standard library only, though torch could do both: on a cluster only the login node reaches the internet, and what
starts torch does not belong there.
"""

import hashlib
import shutil
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from scenessl.data.batches import COPY, FILES, FOLDER, WAYS_OUT
from scenessl.errors import UserError
from scenessl.files import atomic, write_json

# address, and how the content's hash begins, as in torchvision's CIFAR10 and EfficientNet_B0_Weights.IMAGENET1K_V1
CIFAR10 = ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "md5", "c58f30108f718f92721af3b95e74349a")
IMAGENET = ("https://download.pytorch.org/models/efficientnet_b0_rwightman-7f5810bc.pth", "sha256", "7f5810bc")
PATIENCE = 60  # seconds without a byte


def fetch_cifar10(*, folder: Path | str, download: bool, record: Path | str) -> None:
    """Make sure that CIFAR-10 is in a folder as torchvision keeps it, whole and unchanged.

    Args:
        folder: what holds cifar-10-batches-py, or will.
        download: whether to download what is missing or damaged (170 MB).
        record: JSON, written when all is there: the data set's name, and the MD5 that was compared by file.

    Raises:
        UserError: the files are missing or damaged and may not or cannot be downloaded.
    """
    place = Path(folder) / FOLDER
    if not _is_whole(place) and not download:
        raise UserError(f"CIFAR-10 is not in {folder}, or not whole and unchanged. {WAYS_OUT}")
    if not _is_whole(place):
        try:
            with _opened(*CIFAR10) as archive:
                _unpack(archive, place)
        except (OSError, tarfile.TarError) as error:
            reason = _reason(error)
            raise UserError(f"cannot download CIFAR-10 into {folder} ({reason}). Try again later, or {COPY}") from error
    write_json(record, {"name": "CIFAR10", "files": FILES})


def fetch_imagenet(*, folder: Path | str, record: Path | str) -> None:
    """Make sure that torchvision's IMAGENET1K_V1 of EfficientNet-B0 is where torchvision keeps it (20 MB).

    Args:
        folder: torchvision's cache of checkpoints.
        record: JSON, written when the file is there: its name.

    Raises:
        UserError: it is not there and cannot be downloaded.
    """
    url, *check = IMAGENET
    target = Path(folder) / url.rpartition("/")[2]
    if not target.is_file():
        try:
            with _opened(url, *check) as content, atomic(target) as temporary, open(temporary, "wb") as file:
                shutil.copyfileobj(content, file)
        except OSError as error:
            raise UserError(
                f"IMAGENET1K_V1 is not in {folder} and cannot be downloaded ({_reason(error)}). Try again later, or "
                "give WEIGHTS=/path/to/file of an EfficientNet-B0 state dict."
            ) from error
    write_json(record, {"name": "IMAGENET1K_V1", "file": target.name})


def _opened(url: str, algorithm: str, digest: str) -> BinaryIO:
    """Download a file to a nameless one, and open it when its hash begins as it should; else raise OSError."""
    request = urllib.request.Request(url, headers={"User-Agent": "scenessl"})
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # nosec B310 # a constant https address
            shutil.copyfileobj(answer, file)
        file.seek(0)
        if not hashlib.file_digest(file, algorithm).hexdigest().startswith(digest):
            raise OSError(f"{url} was cut off or is not what it was")
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _unpack(archive: BinaryIO, place: Path) -> None:
    """Write CIFAR-10's files from their archive, no other."""
    with tarfile.open(fileobj=archive) as tar:
        for member, name in _members(tar):
            with atomic(place / name) as temporary, open(temporary, "wb") as file:
                shutil.copyfileobj(tar.extractfile(member), file)


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, str]]:
    """Give the members that are CIFAR-10's files, with their names."""
    for member in tar:
        name = member.name.removeprefix(f"{FOLDER}/")
        if member.isfile() and name in FILES:
            yield member, name


def _is_whole(place: Path) -> bool:
    """Tell whether all files of CIFAR-10 are in a folder with the MD5 they should have."""
    return all(_has(place / name, digest) for name, digest in FILES.items())


def _has(path: Path, digest: str) -> bool:
    """Tell whether a file is there and has this MD5."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest() == digest
    except OSError:
        return False


def _reason(error: Exception) -> str:
    """Say in one line what the system or the server complained about."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return " ".join(str(reason).split())
