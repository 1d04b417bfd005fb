import json
import zipfile

import pytest
from made_study import finish_study, make_project, run_git

from scenessl.errors import UserError
from scenessl.report.archive import write_archive
from scenessl.report.checkout import code_state, project_files
from scenessl.report.naming import submission_name
from scenessl.report.provenance import cpu_model, write_provenance

FOLDER = "Lukasz_Zoe_0123"
CODE = [
    ".ci/run",
    ".gitignore",
    "Makefile",
    "README.md",
    "Snakefile",
    "config.yaml",
    "install.sh",
    "requirements-dev.txt",
    "requirements.txt",
    "rules/a.smk",
    "scenessl/new.py",
]


@pytest.fixture(params=["git", "plain"])
def project(request, tmp_path):
    folder = make_project(tmp_path / "project")
    if request.param == "git":
        run_git(folder, "init")
        run_git(folder, "add", "Snakefile", "docs/id_rsa")  # the rest is untracked; a tracked secret is one too
        run_git(folder, "commit", "-m", "first")
    return folder


@pytest.fixture
def made(project, tmp_path):
    """Return (project, results folder, function that writes the zip)."""
    root = finish_study(project / "results" / "toy", project)
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7")

    def write(name=f"{FOLDER}.zip"):
        path = tmp_path / name
        write_archive(path, project=project, root=root, place="results/toy", report=report)
        return path

    return project, root, write


def names_in(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_project_is_what_is_listed_and_not_ignored(project):
    assert project_files(project) == sorted([*CODE, "docs/copy.png"])


def test_a_file_that_git_knows_but_is_gone_is_left_out(project):
    (project / "Snakefile").unlink()
    assert "Snakefile" not in project_files(project)


def test_the_zip_holds_one_folder_with_report_configuration_code_and_results(made):
    names = names_in(made[2]())
    assert all(name.startswith(f"{FOLDER}/") for name in names)
    inside = {name.removeprefix(f"{FOLDER}/") for name in names}
    results = {name for name in inside if name.startswith("results/toy/")}
    assert inside - results == {*CODE, "report.pdf", "configuration.yaml", "code_version.json", "results/README.md"}
    assert {"results/toy/provenance.json", "results/toy/models/a/seed1/predictions.npz"} <= results
    assert {"results/toy/tables/accuracy.csv", "results/toy/data/parts_seed1.csv"} <= results


def test_nothing_private_goes_along(made):
    names = names_in(made[2]())
    hidden = ("local.yaml", ".env", "id_rsa", ".safetensors", "secret", ".png", ".pyc", ".npy", "other/")
    assert not [name for name in names if any(part in name for part in hidden)]


def test_the_same_files_give_the_same_bytes_whatever_their_dates(made):
    project, _, write = made
    first = write().read_bytes()
    for path in project.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            data, mode = path.read_bytes(), path.stat().st_mode
            path.unlink()
            path.write_bytes(data)
            path.chmod(mode)
    assert write().read_bytes() == first


def test_what_could_be_executed_still_can(made):
    with zipfile.ZipFile(made[2]()) as archive:
        modes = {info.filename.removeprefix(f"{FOLDER}/"): info.external_attr >> 16 for info in archive.infolist()}
    assert oct(modes.pop(".ci/run")) == "0o100755"
    assert {oct(mode) for mode in modes.values()} == {"0o100644"}


def test_a_link_out_of_the_project_is_left_out(project, tmp_path):
    (tmp_path / "outside.txt").write_text("private")
    (project / "docs" / "link.txt").symlink_to(tmp_path / "outside.txt")
    (project / "docs" / "hidden.txt").symlink_to(project / "local.yaml")
    (project / "docs" / "folder").symlink_to(tmp_path)
    (project / "docs" / "own.txt").symlink_to(project / "Snakefile")
    found = project_files(project)
    assert "docs/own.txt" in found
    assert not {"docs/link.txt", "docs/hidden.txt", "docs/folder/outside.txt", "docs/folder"} & set(found)


def test_a_missing_result_is_named_and_no_zip_is_left(made):
    _, root, write = made
    (root / "tables" / "fitting.csv").unlink()
    with pytest.raises(UserError, match=r"tables/fitting\.csv"):
        write("other.zip")
    assert not (root.parents[2] / "other.zip").exists()


def test_results_go_nowhere_but_inside_the_folder(made, tmp_path):
    project, root, _ = made
    with pytest.raises(ValueError, match="inside"):
        write_archive(tmp_path / "x.zip", project=project, root=root, place="../toy", report=tmp_path / "report.pdf")


def test_a_folder_inside_another_checkout_is_no_checkout(tmp_path):
    run_git(tmp_path, "init")
    folder = make_project(tmp_path / "unpacked")
    assert code_state(folder) == {"commit": None, "note": "not a git checkout"}
    assert "scenessl/new.py" in project_files(folder)


def test_the_commit_and_changes_are_stated_and_survive_unpacking(tmp_path):
    folder = make_project(tmp_path / "project")
    run_git(folder, "init")
    assert code_state(folder) == {"commit": None, "modified": True}
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-m", "first")
    state = code_state(folder)
    assert len(state["commit"]) == 40 and state["modified"] is False
    (folder / "scenessl" / "more.py").write_text("")
    assert code_state(folder) == state | {"modified": True}
    unpacked = make_project(tmp_path / "unpacked")
    (unpacked / "code_version.json").write_text(json.dumps(state))
    assert code_state(unpacked) == state


def test_a_hooks_git_variables_lead_nowhere_else(tmp_path, monkeypatch):
    folder = make_project(tmp_path / "project")
    run_git(folder, "init")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert code_state(folder) == {"commit": None, "modified": True}


def test_provenance_states_versions_machine_and_hashes_and_no_place(made):
    _, root, _ = made
    text = (root / "provenance.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["libraries"]["numpy"]
    assert (found["data"], found["seeds"]) == ({"kind": "folders", "hash": "abc"}, [0, 1])
    assert found["machine"] == {"device": "cpu", "threads": 1}
    assert len(found["files"]["models/b/seed1/weights.safetensors"]) == 64
    assert str(root.parents[1]) not in text and not [name for name in found["files"] if name.startswith(("/", ".."))]


def test_provenance_made_again_has_the_same_bytes(made):
    project, root, _ = made
    again = root / "again.json"
    write_provenance(again, root=root, project=project, machine={"device": "cpu", "threads": 1})
    assert again.read_bytes() == (root / "provenance.json").read_bytes()


def test_the_processor_has_a_name():
    assert cpu_model().strip()


@pytest.mark.parametrize(
    "first, last, number, name",
    [
        ("Zoë", "Łukasz", "0123", "Lukasz_Zoe_0123"),
        ("Anne Marie", "van der Ærø", "s-17", "van-der-Aero_Anne-Marie_s-17"),
        ("Jürgen", "Groß", "1", "Gross_Jurgen_1"),
        ("Siân", "O\u2019Brien", "2", "OBrien_Sian_2"),
        ("J. P.", "  Đặng—Thị ", "3", "Dang-Thi_J-P_3"),
        ("Ｍａｙ", "Müller", "4", "Muller_May_4"),
        ("a_b", "Þór", "5", "Thor_a-b_5"),
        ("Ǿlga", "İpek", "6", "Ipek_Olga_6"),
    ],
)
def test_names_become_ascii(first, last, number, name):
    assert submission_name(first, last, number) == name


@pytest.mark.parametrize(
    "first, last, number, key",
    [
        ("小明", "Li", "1", "first_name"),
        ("Ann", "Иванов", "1", "last_name"),
        ("Ann", "../../x", "1", "last_name"),
        ("Ann", "Lee", "1/2", "number"),
        ("Ann", "Lee", 1234, "number"),
        ("Ann", None, "1", "last_name"),
        (" ", "Lee", "1", "first_name"),
        ("...", "Lee", "1", "first_name"),
    ],
)
def test_names_that_cannot_be_written_are_refused_by_key(first, last, number, key):
    with pytest.raises(UserError, match=rf"student\.{key}"):
        submission_name(first, last, number)
