"""What a training needs to go on after it was killed: one folder, one holder at a time.

The folder lies outside the workflow's declared outputs, is used only when its fingerprint of settings, code and data
matches, and is removed when the training has written its results.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from scenessl.files import atomic, write_json
from scenessl.models import weights

MARK = "fingerprint.json"
LATEST = "latest.pt"


class State:
    """The state folder of one training: the latest epoch in full, and what each epoch leaves behind."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Take over the folder if it belongs to this very training, else begin with an empty one."""
        self.folder = folder
        if not _belongs(folder, fingerprint):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_json(folder / MARK, {"fingerprint": fingerprint})

    def load(self) -> dict | None:
        """Give what `save` was last given, or None at the beginning."""
        path = self.folder / LATEST
        return torch.load(path, weights_only=True, map_location="cpu") if path.exists() else None

    def save(self, epoch: int, latest: dict, kept: dict[str, Tensor]) -> None:
        """Keep this epoch's weights, then the state after it; a kill between the two repeats the epoch."""
        weights.save(kept, self.epoch_file(epoch))
        with atomic(self.folder / LATEST) as temporary:
            torch.save(latest, temporary)

    def epoch_file(self, epoch: int) -> Path:
        """Name the file with the weights at the end of `epoch`."""
        return self.folder / f"epoch{epoch}.safetensors"

    def remove(self) -> None:
        """Remove the folder, once the results are written."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _belongs(folder: Path, fingerprint: str) -> bool:
    """Tell whether the folder was begun with this fingerprint."""
    try:
        return json.loads((folder / MARK).read_text())["fingerprint"] == fingerprint
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def training(
    folder: Path | str, facts: Mapping[str, object], start: Path | str, outputs: Iterable[Path | str]
) -> Iterator[State]:
    """Give the state of a training, locked; end the process if another copy finished meanwhile.

    Args:
        folder: of the state.
        facts: settings, code and data; with the bytes of `start` they make the fingerprint.
        start: file of the weights the training starts with.
        outputs: what the training declares; when a first copy wrote them while this one waited, they stand.
    """
    folder = Path(folder)
    with held(folder) as waited:
        if waited and all(Path(path).exists() for path in outputs):
            print("the other copy has finished; its result stands", file=sys.stderr, flush=True)
            sys.exit(0)
        yield State(folder, fingerprint(facts, start))


def fingerprint(facts: Mapping[str, object], start: Path | str) -> str:
    """Hash the facts (plain data) and the bytes of the start file."""
    with open(start, "rb") as file:
        begin = hashlib.file_digest(file, "sha256").hexdigest()
    text = json.dumps({**facts, "start": begin}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold the lock beside `folder`; a second copy waits here, says for whom, and learns that it waited."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(folder.name + ".lock")
    file, waited = _lock(path)
    try:
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {os.uname().nodename}")
        file.flush()
        yield waited
    finally:
        path.unlink(missing_ok=True)
        file.close()


def _lock(path: Path):
    """Open and lock `path`; try again when the holder before us removed the file we waited for."""
    waited = False
    while True:
        file = open(path, "a+")  # noqa: SIM115 - closed by the caller, who holds the lock as long
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            print(f"waiting for {file.read() or 'another process'}, which holds {path}", file=sys.stderr, flush=True)
            waited = True
            fcntl.flock(file, fcntl.LOCK_EX)
        if _same(file, path):
            return file, waited
        file.close()


def _same(file, path: Path) -> bool:
    """Tell whether an open file is still the one its path names."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
