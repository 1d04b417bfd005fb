"""What would stop a run in the middle of the night, checked before its first job.

Cheap checks only: nothing is imported, downloaded or decoded. What needs torch (whether weights fit the network) or
the images themselves (whether they can be decoded) is checked by the first jobs.
"""

import ctypes
import json
import os
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from scenessl.data.archives import SUFFIXES, is_archive
from scenessl.data.batches import FILES, FOLDER, WAYS_OUT
from scenessl.errors import UserError
from scenessl.study.folders import disk_problems, run_remarks
from scenessl.study.manifest import OF_STARTS, models_of
from scenessl.study.plain import show

# WeasyPrint loads these; where one name fails it tries the next (Linux, macOS).
LIBRARIES = {
    "GObject": ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib"),
    "Pango": ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    "PangoFT2": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    "HarfBuzz": ("libharfbuzz.so.0", "libharfbuzz.0.dylib"),
    "Fontconfig": ("libfontconfig.so.1", "libfontconfig.1.dylib"),
}
PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"  # Debian and Ubuntu; they pull the others
CHECKPOINT = "efficientnet_b0_rwightman-7f5810bc.pth"
# The first and the last convolution of EfficientNet-B0.
SHAPES = {"features.0.0.weight": [32, 3, 3, 3], "features.8.0.weight": [1280, 320, 1, 1]}
LONGEST_HEADER = 100_000_000  # bytes, safetensors' own limit
STUDENT = ("first_name", "last_name", "number")


def preflight(
    config: Mapping,
    *,
    results: Path | str,
    needed_bytes: int = 0,
    root: Path | str = ".",
    checkpoints: Path | str | None = None,
    load: Callable[[str], object] = ctypes.CDLL,
) -> list[str]:
    """Check a study before its first job.

    Args:
        config: a configuration that has passed the schema.
        results: the study's results folder; it need not exist.
        needed_bytes: how much disk the run takes, as the caller estimates.
        root: what relative paths of data and weights are relative to.
        checkpoints: torchvision's cache, by default the one it uses itself (TORCH_HOME, else ~/.cache/torch).
        load: opens a shared library by name or raises OSError.

    Returns:
        remarks that stop nothing, one line each.

    Raises:
        UserError: lists everything that would stop the run, each with its way out.
    """
    root, results = Path(root), Path(results)
    cache = Path(checkpoints) if checkpoints is not None else checkpoint_folder()
    problems = [*missing_pango(load), *_student(config), *_data(config, root), *_weights(config, root)]
    problems += disk_problems(results, root, needed_bytes)
    if problems:
        raise UserError("\n".join(["the run cannot start:", *(f"  {problem}" for problem in problems)]))
    return [*_data_download(config, root), *_download(config, cache), *run_remarks(results, root)]


# --- libraries --------------------------------------------------------------------------------------------------------


def missing_pango(load: Callable[[str], object] = ctypes.CDLL) -> list[str]:
    """Say which of the libraries are missing that WeasyPrint draws the PDF with: no line or one."""
    missing = [
        library for library, file_names in LIBRARIES.items() if not any(_loads(name, load) for name in file_names)
    ]
    if not missing:
        return []
    return [
        f"Pango: the PDF is drawn with {', '.join(missing)}, which cannot be loaded. "
        f"On Debian and Ubuntu: sudo apt-get install {PACKAGES}"
    ]


def _loads(name: str, load: Callable[[str], object]) -> bool:
    """Tell whether a shared library can be loaded."""
    try:
        load(name)
    except OSError:
        return False
    return True


# --- what the user gives ----------------------------------------------------------------------------------------------


def _student(config: Mapping) -> Iterator[str]:
    """Demand the student's data when a submission is to be made."""
    student = config.get("student") or {}
    missing = [key for key in STUDENT if not str(student.get(key) or "").strip()]
    if config.get("zip", True) and missing:
        yield (
            f"student: {', '.join(missing)} missing, and the submission zip is named after the student. Two ways out: "
            "give them (make report FIRST_NAME=… LAST_NAME=… NUMBER=…, or `student:` in the configuration), "
            "or set `zip: false` (--config zip=False) for a report without a submission."
        )


def _data(config: Mapping, root: Path) -> Iterator[str]:
    """Demand a readable folder or archive of images, unless the study draws them itself or torchvision has them."""
    data = config.get("data")
    if data is None:
        yield (
            "data: no images are given. Say where they are (make report DATA=/path, or --config data=/path), "
            "or draw some (make demo)."
        )
    elif isinstance(data, str):
        path = _path(data, root)
        if not os.path.exists(path):
            yield f"data: {path} does not exist. Give the folder that holds train/ and test/, or the class folders."
        elif not path.is_dir() and not is_archive(path):
            yield f"data: {path} is no folder and no archive ({', '.join(SUFFIXES)}). Give one of these."
        elif not os.access(path, os.R_OK | os.X_OK if path.is_dir() else os.R_OK):
            yield f"data: {path} may not be read. Change its permissions, or give a copy."
    elif _lacks_cifar10(data, root) and not data["download"]:
        yield f"data: CIFAR-10 is not in {_path(data['folder'], root)}, or not all of it. {WAYS_OUT}"


def _lacks_cifar10(data: object, root: Path) -> bool:
    """Tell whether the study wants torchvision's CIFAR-10 and does not have it; what it has, the first job checks."""
    if not isinstance(data, Mapping) or data["kind"] != "torchvision":
        return False
    return not all(os.path.isfile(_path(data["folder"], root) / FOLDER / name) for name in FILES)


def _data_download(config: Mapping, root: Path) -> Iterator[str]:
    """Say that the images will be downloaded."""
    data = config.get("data")
    if _lacks_cifar10(data, root):
        place = _path(data["folder"], root)
        yield f"data: CIFAR-10 is not in {place} yet; the first job downloads it (170 MB)."


def _path(text: str, root: Path) -> Path:
    """Resolve a path of the configuration."""
    return root / os.path.expanduser(text)


# --- weights ----------------------------------------------------------------------------------------------------------


def checkpoint_folder() -> Path:
    """Find where torchvision keeps downloaded weights, as torch.hub does."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(caches, "torch")
    return Path(home).expanduser() / "hub" / "checkpoints"


def _from_imagenet(config: Mapping) -> list[str]:
    """Name what starts from ImageNet weights."""
    models = config.get("models") or {}
    found = [f"models.{name}" for name, model in models.items() if model and model.get("init") == "imagenet"]
    return found + [section for section in OF_STARTS if "imagenet" in models_of(config, section)]


def _weights(config: Mapping, root: Path) -> Iterator[str]:
    """Check the local weights file as far as that goes without torch."""
    weights, users = config.get("weights"), _from_imagenet(config)
    if not users or weights is None:
        return
    if weights == "none":
        yield f"weights: none, but {users[0]} starts from imagenet. Give a file, or null for torchvision's."
        return
    path = _path(weights, root)
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without an end
            complaint = "is no file"
        else:
            complaint = _safetensors(path) if path.suffix == ".safetensors" else _pickle(path)
    except OSError as error:
        complaint = f"cannot be read ({error.strerror or error})"
    if complaint:
        yield (
            f"weights: {path} {complaint}. Give a state dict of EfficientNet-B0 with torchvision's key names "
            "(.safetensors or .pth; WEIGHTS=/path), or null (WEIGHTS=torchvision) for torchvision's IMAGENET1K_V1."
        )


def _safetensors(path: Path) -> str | None:
    """Read the header of a safetensors file and say what is wrong with it."""
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= LONGEST_HEADER:
            return "is no safetensors file"
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            return "is no safetensors file"
    if not isinstance(header, dict):
        return "is no safetensors file"
    return _wrong_tensors({name: info.get("shape") for name, info in header.items() if isinstance(info, dict)})


def _wrong_tensors(shapes: Mapping[str, object]) -> str | None:
    """Compare the tensors that tell EfficientNet-B0 from other networks."""
    for name, shape in SHAPES.items():
        if name not in shapes:
            found = [key for key in shapes if key != "__metadata__"][:3]
            return f"has no tensor {name} (its first are {', '.join(map(show, found)) or 'none at all'})"
        if shapes[name] != shape:
            return f"holds {name} of shape {show(shapes[name])}, EfficientNet-B0's has {shape}"
    return None


def _pickle(path: Path) -> str | None:
    """Look into a file of torch.save without unpickling it: the names of tensors stand in it as plain text."""
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            return None if file.read(1) == b"\x80" else "is neither safetensors nor a file of torch.save"
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
            content = archive.open(names[0]).read(LONGEST_HEADER) if names else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return "is damaged"
    absent = [name for name in SHAPES if name.encode() not in content]
    return f"has no tensor {absent[0]}" if absent else None


def _download(config: Mapping, cache: Path) -> Iterator[str]:
    """Say that torchvision's weights will be downloaded."""
    if _from_imagenet(config) and config.get("weights") is None and not (cache / CHECKPOINT).is_file():
        yield f"weights: torchvision's IMAGENET1K_V1 is not in {cache} yet; the first job downloads it (about 20 MB)."


def main() -> int:
    """Print the Debian packages that are missing for the PDF, nothing when there is none; for the set-up."""
    if missing_pango():
        print(PACKAGES)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
