"""Weights on disk: safetensors, with what they are in the file's metadata. No file that is read here can run code."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from scenessl.errors import UserError
from scenessl.files import atomic

ABOUT = "about"  # the metadata key that this module writes


def save(tensors: Mapping[str, Tensor], path: Path | str, **metadata: object) -> None:
    """Write tensors and metadata (plain data) to a safetensors file, whole or not at all; same content, same bytes.

    Weights of a network name its architecture under `network`.
    """
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())}
    with atomic(path) as temporary:
        # one key: safetensors writes several in an order that differs from process to process
        save_file(whole, temporary, metadata={ABOUT: json.dumps(metadata, sort_keys=True)})


def load(path: Path | str, prefix: str = "") -> dict[str, Tensor]:
    """Read the tensors whose name begins with `prefix`, which is cut off; UserError for a file that is damaged."""
    with _opened(path) as file:
        return {name.removeprefix(prefix): file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118


def metadata(path: Path | str) -> dict[str, object]:
    """Read what `save` wrote about the file's content; UserError for a file that is damaged."""
    with _opened(path) as file:
        return json.loads((file.metadata() or {}).get(ABOUT, "{}"))


@contextmanager
def _opened(path: Path | str) -> Iterator[safe_open]:
    """Open a safetensors file; whatever is wrong with it becomes one message."""
    _demand_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path} cannot be read as safetensors ({_short(error)}). Delete it and start again, or give another file."
        ) from error


def load_pickle(path: Path | str) -> object:
    """Read tensors and plain data from a file of torch.save; nothing that stands in it is run.

    Raises:
        UserError: the file is damaged, unpacks to more than its own size, or wants to run something.
    """
    _demand_file(path)
    try:
        _demand_stored(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to ask for
        raise UserError(f"{path} {_verdict(error)}") from error


def _demand_file(path: Path | str) -> None:
    """Refuse what is no file: a folder, or a pipe, which would be waited for without an end."""
    if not Path(path).is_file():
        raise UserError(f"{path} is no file, or is not there. Give a file of weights.")


def _demand_stored(path: Path | str) -> None:
    """Refuse a zip whose parts are larger than itself; torch.save neither compresses nor repeats them."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > Path(path).stat().st_size:
            raise ValueError(f"it would unpack to {size:,} bytes")


def _verdict(error: Exception) -> str:
    """Say what is wrong with a pickle; torch's own advice, to load it all the same, is left out."""
    if name := re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", str(error)):
        wanted = ascii(name[1])[1:-1][:200]
        return f"wants Python to run {wanted}, which no weights do. Nothing was run. Do not trust this file."
    return f"cannot be read as weights ({_short(error)}). It is damaged, or no file of torch.save."


def _short(error: Exception) -> str:
    """Give an error's own line, without the advice around it, cut to what fits into a message."""
    text = str(error).rpartition("WeightsUnpickler error:")[2].strip()
    line = (text.splitlines() or [type(error).__name__])[0][:200]
    return "".join(sign if sign.isprintable() else "?" for sign in line)  # nothing that steers a terminal


def load_start(path: Path | str, epoch: int | str | None) -> dict[str, Tensor]:
    """Read the weights a model starts with: a whole file, or one epoch ("best" or a number) of an epochs file."""
    if epoch is None:
        return load(path)
    if epoch == "best":
        epoch = metadata(path)["best"]
    tensors = load(path, prefix=f"epoch{epoch}/")
    if not tensors:
        raise UserError(f"{path} holds no epoch {epoch}; the training ended at epoch {metadata(path)['last']}.")
    return tensors


def fingerprint(tensors: Mapping[str, Tensor], prefix: str = "features.") -> str:
    """Hash names, shapes and bytes of all tensors that begin with `prefix` (parameters and buffers)."""
    digest = hashlib.sha256()
    for name in sorted(name for name in tensors if name.startswith(prefix)):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
