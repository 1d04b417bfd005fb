"""What a job needs to go on after it was killed: a folder of finished pieces, one holder at a time.

The folder lies outside the workflow's declared outputs, and is removed when the workflow has noted the job's results
(`study.states`). A piece is used only when it is whole and was made by the same settings, code, data, threads and
version of torch.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch

from scenessl.files import atomic
from scenessl.study.states import FINISHED

SEAL_BYTES = hashlib.sha256().digest_size
T = TypeVar("T")  # tensors, numbers and text, in dictionaries and lists: what torch loads with `weights_only`


class State:
    """The finished pieces of one job, each a sealed file.

    A seal is the hash of fingerprint and content: a piece of other settings, or a file that is cut or spoilt, has
    another one and counts as not there.
    """

    def __init__(self, folder: Path | str, fingerprint: str) -> None:
        """Take the folder, which need not exist, and the `fingerprint` of the job."""
        self.folder = Path(folder)
        self.fingerprint = fingerprint

    def load(self, name: str) -> object | None:
        """Give what was saved under `name`, on the CPU; None if there is no such piece."""
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        seal, content = data[:SEAL_BYTES], memoryview(data)[SEAL_BYTES:]
        if seal != self._seal(content):
            return None
        return torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")

    def save(self, name: str, piece: object) -> None:
        """Keep `piece` under `name`; a kill leaves the one before or this one."""
        buffer = io.BytesIO()
        torch.save(piece, buffer)
        with atomic(self._path(name)) as temporary, open(temporary, "wb") as file:
            file.write(self._seal(buffer.getbuffer()))
            file.write(buffer.getbuffer())

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Give what was saved under `name`, or make it and save it."""
        piece = self.load(name)
        if piece is None:
            piece = make()
            self.save(name, piece)
        else:
            print(f"{name} was finished before", file=sys.stderr, flush=True)
        return piece

    def once_by_training(self, name: str, make: Callable[["State"], T]) -> T:
        """Do as `once` for what takes a training; `make` gets a state for its epochs, which goes when it is done."""
        epochs = State(self.folder / f"epochs_{name}", self.fingerprint)
        piece = self.once(name, lambda: make(epochs))
        shutil.rmtree(epochs.folder, ignore_errors=True)
        return piece

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.pt"

    def _seal(self, content: memoryview) -> bytes:
        digest = hashlib.sha256(self.fingerprint.encode())
        digest.update(content)
        return digest.digest()


@contextmanager
def resumable(folder: Path | str, facts: Mapping[str, object], files: Iterable[Path | str]) -> Iterator[State]:
    """Give the state of a job, locked, and mark it as finished on success.

    A second copy of the job waits, and then finds all pieces of the first one.

    Args:
        folder: of the state.
        facts: settings, code, data and threads; with the bytes of `files` they make the fingerprint.
        files: those the job reads whose content the facts do not name.
    """
    folder = Path(folder)
    with held(folder):
        folder.mkdir(exist_ok=True)
        (folder / FINISHED).unlink(missing_ok=True)
        yield State(folder, fingerprint(facts, files))
        (folder / FINISHED).touch()


def fingerprint(facts: Mapping[str, object], files: Iterable[Path | str]) -> str:
    """Hash the facts (plain data), the bytes of the files and the version of torch."""
    hashes = []
    for path in files:
        with open(path, "rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    text = json.dumps([dict(facts), hashes, torch.__version__], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock beside `folder`; a second copy waits here and says for whom."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(folder.name + ".lock")
    file = _lock(path)
    try:
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {os.uname().nodename}")
        file.flush()
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


def _lock(path: Path):
    """Open and lock `path`; try again when the holder before us removed the file we waited for."""
    while True:
        file = open(path, "a+")  # noqa: SIM115 - closed by the caller, who holds the lock as long
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            print(f"waiting for {file.read() or 'another process'}, which holds {path}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        if _same(file, path):
            return file
        file.close()


def _same(file, path: Path) -> bool:
    """Tell whether an open file is still the one its path names."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
