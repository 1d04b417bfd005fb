"""The submission: nothing outside its folder, no secret, no data set, no weights, whatever lies in the project."""

import os
import zipfile
from pathlib import PurePosixPath

import numpy as np
import pytest
from made_study import finish_study, make_project, run_git
from PIL import Image

from scenessl.errors import UserError
from scenessl.files import write_text
from scenessl.report.archive import write_archive
from scenessl.report.checkout import PICTURES, project_files, secret_files

SECRETS = (
    ".env", "prod.env", ".env.local", "server.pem", "my.KEY", "id_rsa", "id_rsa.pub", "id_ed25519", ".netrc", ".npmrc",
    ".pypirc", ".git-credentials", "credentials", "credentials.json", "aws_credentials.ini", "client_secret_1.json",
    "service-account.json", "token", "token.txt", "hf_token.txt", "secrets.yaml", "kaggle.json", "passwords.csv",
    ".ssh/config", ".aws/config", "keys.kdbx",
)  # fmt: skip
AT_HOME = (
    "local.yaml", "w.safetensors", "w.pth", "W.PT", "crops.npy", "features.npz", "data.zip", "data.tar.gz",
    "cifar-10-batches-py/batches.meta", "data_batch_1", "a.pkl",
)  # fmt: skip
PLACES = ("docs", "scenessl/deep/er", "tests", "rules", "profiles/a")


@pytest.fixture(params=["tracked", "untracked", "plain"])
def zipped(request, tmp_path, capsys):
    """Makes the zip of a project after `fill` has put files into it; gives its names and what was said."""

    def make(fill):
        project = make_project(tmp_path / "project")
        fill(project)
        if request.param != "plain":
            run_git(project, "init")
        if request.param == "tracked":
            run_git(project, "add", "-f", "-A")
        root = finish_study(project / "results" / "toy", project)
        (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7")
        path = tmp_path / "A_B_1.zip"
        write_archive(path, project=project, root=root, place="results/toy", report=tmp_path / "report.pdf")
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            entries = archive.infolist()
        for entry in entries:
            place = PurePosixPath(entry.filename)
            assert place.parts[0] == "A_B_1" and ".." not in place.parts and not place.is_absolute()
            assert "\\" not in entry.filename and entry.filename.isprintable()
            assert entry.external_attr >> 16 in (0o100644, 0o100755)  # no link, no folder, no device
        return {entry.filename.removeprefix("A_B_1/") for entry in entries}, capsys.readouterr().out

    return make


def test_secrets_and_what_stays_at_home_are_left_out_and_secrets_are_named(zipped):
    def fill(project):
        for place in PLACES:
            for name in (*SECRETS, *AT_HOME, "kept.md"):
                write_text(project / place / name, "x")

    names, said = zipped(fill)
    made = {f"{place}/{name}" for place in PLACES for name in (*SECRETS, *AT_HOME)}
    assert not names & made
    assert {f"{place}/kept.md" for place in PLACES} <= names
    for place in PLACES:
        assert all(f"'{place}/{name}'" in said for name in SECRETS)
        assert not any(f"'{place}/{name}'" in said for name in AT_HOME)


@pytest.mark.parametrize(
    "text",
    [
        *("-----BEGIN RSA " + "PRIVATE KEY-----", "-----BEGIN " + "PRIVATE KEY-----", "key = ghp" + "_" + "a1" * 18),
        *("AK" + "IA" + "B2" * 8, "hf" + "_" + "Xy" * 16, "glp" + "at-" + "x" * 20),
    ],
)
def test_a_secret_in_a_file_of_any_name_is_found(zipped, text):
    names, said = zipped(lambda project: write_text(project / "docs" / "notes.md", f"remember\n  {text}\n"))
    assert "docs/notes.md" not in names
    assert "look like secrets" in said and "'docs/notes.md'" in said


def test_nothing_is_said_where_there_is_nothing(tmp_path):
    project = make_project(tmp_path / "project")
    for name in (".env", "scenessl/.env", "docs/id_rsa"):
        (project / name).unlink()
    assert secret_files(project) == []


def test_no_image_but_those_of_the_documentation_and_no_copy_of_the_data(zipped):
    def fill(project):
        for number, pattern in enumerate(PICTURES):
            for place in ("docs", "docs/photos", "tests/data/train/cat", "templates"):
                write_text(project / place / pattern.replace("*", f"p{number}"), f"{place}{number}")

    names, _ = zipped(fill)
    pictures = {name for name in names if f"*{PurePosixPath(name).suffix}" in PICTURES}
    assert pictures == {f"docs/p{number}{pattern[1:]}" for number, pattern in enumerate(PICTURES)}
    assert "docs/copy.png" not in names  # its content is that of an image of the data set


def test_links_pipes_and_names_for_other_systems_are_left_out(zipped, tmp_path):
    def fill(project):
        (tmp_path / "outside").mkdir()
        write_text(tmp_path / "outside" / "passwd.md", "root")
        (project / "docs" / "out.md").symlink_to(tmp_path / "outside" / "passwd.md")
        (project / "docs" / "up.md").symlink_to("../../outside/passwd.md")
        (project / "docs" / "folder").symlink_to(tmp_path / "outside")
        (project / "docs" / "hidden.md").symlink_to(project / "scenessl" / ".env")
        (project / "docs" / "circle.md").symlink_to("circle.md")
        (project / "benchmarks").symlink_to(tmp_path / "outside")
        os.mkfifo(project / "docs" / "pipe.md")
        for name in ("..\\..\\evil.md", "C:\\evil.md", "line\nbreak.md", "\x1b[2J.md", "\u202egp.md"):
            write_text(project / "docs" / name, "x")
        with open(os.fsencode(project / "docs") + b"/\xff.md", "w") as file:
            file.write("x")

    names, _ = zipped(fill)
    assert not [name for name in names if name.startswith(("docs/", "benchmarks"))]


def test_a_result_that_is_a_link_elsewhere_is_refused(tmp_path):
    project = make_project(tmp_path / "project")
    root = finish_study(project / "results" / "toy", project)
    write_text(tmp_path / "private.csv", "x")
    (root / "tables" / "fitting.csv").unlink()
    (root / "tables" / "fitting.csv").symlink_to(tmp_path / "private.csv")
    with pytest.raises(UserError, match=r"fitting\.csv is a link out of"):
        write_archive(
            tmp_path / "A.zip", project=project, root=root, place="results/toy", report=tmp_path / "private.csv"
        )
    assert not (tmp_path / "A.zip").exists()


def test_the_project_itself_goes_whole():
    """No pattern of what stays at home hits a file of ours."""
    root = PurePosixPath(__file__).parent.parent
    names = project_files(str(root))
    assert {"docs/demo.png", "config.yaml", "scenessl/formulas.py", "tests/test_hostile_zip.py"} <= set(names)


def test_a_picture_in_the_documentation_that_is_of_the_data_is_found_by_its_content(tmp_path):
    project = make_project(tmp_path / "project")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(project / "docs" / "own.png")
    root = finish_study(project / "results" / "toy", project)
    report = project / "README.md"
    write_archive(tmp_path / "A.zip", project=project, root=root, place="results/toy", report=report)
    with zipfile.ZipFile(tmp_path / "A.zip") as archive:
        assert [name for name in archive.namelist() if name.endswith(".png")] == ["A/docs/own.png"]
