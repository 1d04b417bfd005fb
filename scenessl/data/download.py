"""CIFAR-10 by torchvision: downloaded where that is allowed, and checked in any case."""

from pathlib import Path

from torchvision.datasets import CIFAR10

from scenessl.data.batches import COPY, FILES, WAYS_OUT
from scenessl.errors import UserError
from scenessl.files import write_json


def fetch_cifar10(*, folder: Path | str, download: bool, record: Path | str) -> None:
    """Make sure that torchvision's CIFAR-10 is in a folder, whole and unchanged.

    Args:
        folder: where torchvision looks for cifar-10-batches-py and puts it.
        download: whether to download what is missing or damaged (170 MB).
        record: JSON, written when all is there: the data set's name, and the MD5 that torchvision compared by file.

    Raises:
        UserError: the files are missing or damaged and may not or cannot be downloaded.
    """
    try:
        CIFAR10(folder, download=download)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        reason = " ".join(str(reason).split())
        if download:
            raise UserError(f"cannot download CIFAR-10 into {folder} ({reason}). Try again later, or {COPY}") from error
        raise UserError(f"CIFAR-10 is not in {folder}, or not whole and unchanged ({reason}). {WAYS_OUT}") from error
    write_json(record, {"name": "CIFAR10", "files": FILES})
