"""Downloads from a server of our own: whole, checked, or not at all, and without torch."""

import hashlib
import http.server
import io
import json
import subprocess
import sys
import tarfile
import threading

import pytest

from scenessl.data import download
from scenessl.data.batches import FILES, FOLDER
from scenessl.data.download import fetch_cifar10, fetch_imagenet
from scenessl.errors import UserError

CONTENT = {name: name.encode() * 1000 for name in FILES}
WEIGHTS = b"weights" * 1000


def archive():
    """CIFAR-10's archive, with a member that tries to leave its folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in {**{f"{FOLDER}/{name}": part for name, part in CONTENT.items()}, "../evil": b"x"}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def served(monkeypatch):
    """Serves the archive and the weights, and takes them for what they should be; gives the requests that were made."""
    there, asked = {"/cifar.tar.gz": archive(), "/weights-1.pth": WEIGHTS}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path in there else 404)
            self.end_headers()
            self.wfile.write(there.get(self.path, b""))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    digest = hashlib.md5(there["/cifar.tar.gz"]).hexdigest()
    monkeypatch.setattr(download, "CIFAR10", (f"{here}/cifar.tar.gz", "md5", digest))
    beginning = hashlib.sha256(WEIGHTS).hexdigest()[:8]
    monkeypatch.setattr(download, "IMAGENET", (f"{here}/weights-1.pth", "sha256", beginning))
    monkeypatch.setattr(download, "FILES", {name: hashlib.md5(part).hexdigest() for name, part in CONTENT.items()})
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield there, asked
    server.shutdown()
    server.server_close()


def test_what_is_missing_is_downloaded_only_where_that_is_allowed(served, tmp_path):
    _, asked = served
    arguments = {"folder": tmp_path / "new", "record": tmp_path / "record.json"}
    with pytest.raises(UserError, match=r"is not in .*new.*`download: true`.*`data: /path`"):
        fetch_cifar10(**arguments, download=False)
    assert not asked and not arguments["record"].exists()
    fetch_cifar10(**arguments, download=True)
    found = {path.name: path.read_bytes() for path in (tmp_path / "new" / FOLDER).iterdir()}
    assert found == CONTENT
    assert json.loads(arguments["record"].read_text())["name"] == "CIFAR10"
    assert {path.name for path in tmp_path.iterdir()} == {"new", "record.json"}


def test_what_is_there_is_checked_and_not_downloaded_again(served, tmp_path):
    _, asked = served
    for _ in range(2):
        fetch_cifar10(folder=tmp_path, record=tmp_path / "record.json", download=True)
    assert len(asked) == 1
    next((tmp_path / FOLDER).iterdir()).write_bytes(b"damaged")
    with pytest.raises(UserError, match="not whole and unchanged"):
        fetch_cifar10(folder=tmp_path, record=tmp_path / "record.json", download=False)
    fetch_cifar10(folder=tmp_path, record=tmp_path / "record.json", download=True)
    assert len(asked) == 2


def test_the_weights_are_downloaded_once(served, tmp_path):
    _, asked = served
    for _ in range(2):
        fetch_imagenet(folder=tmp_path / "cache", record=tmp_path / "record.json")
    assert asked == ["/weights-1.pth"]
    assert (tmp_path / "cache" / "weights-1.pth").read_bytes() == WEIGHTS
    assert json.loads((tmp_path / "record.json").read_text()) == {"name": "IMAGENET1K_V1", "file": "weights-1.pth"}


@pytest.mark.parametrize(("answer", "words"), [(b"cut of", "cut off"), (None, "404|Not Found")])
def test_a_download_that_fails_says_why_and_leaves_nothing(served, tmp_path, answer, words):
    there, _ = served
    for path in list(there):
        there.pop(path) if answer is None else there.update({path: answer})
    record = tmp_path / "record.json"
    with pytest.raises(UserError, match=rf"cannot download CIFAR-10 into .*({words}).*`data: /path`") as caught:
        fetch_cifar10(folder=tmp_path, download=True, record=record)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=rf"IMAGENET1K_V1 is not in .*({words}).*WEIGHTS="):
        fetch_imagenet(folder=tmp_path / "cache", record=record)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_an_unknown_server_is_named_as_the_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "CIFAR10", ("http://nowhere.invalid/x", "md5", ""))
    with pytest.raises(UserError, match=r"cannot download CIFAR-10 into"):
        fetch_cifar10(folder=tmp_path, download=True, record=tmp_path / "record.json")


@pytest.mark.slow
def test_the_addresses_are_torchvisions():
    """In a process of its own, since torchvision takes seconds to import."""
    code = (
        "from torchvision.datasets import CIFAR10; from torchvision.models import EfficientNet_B0_Weights\n"
        "print(CIFAR10.url, CIFAR10.tgz_md5, EfficientNet_B0_Weights.IMAGENET1K_V1.url)"
    )
    url, md5, weights = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert (url, "md5", md5) == download.CIFAR10
    assert weights == download.IMAGENET[0] and download.IMAGENET[2] in weights
