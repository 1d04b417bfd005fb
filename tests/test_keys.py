"""Key files: one name for one content, and none that is out of date."""

from scenessl.study.keys import key_file, renew_key


def test_the_same_settings_give_the_same_name_in_any_order():
    settings = {"side": 64, "hash": "ab"}
    assert key_file("keys", "crops", settings) == key_file("keys", "crops", dict(reversed(settings.items())))


def test_other_settings_give_another_name():
    names = {key_file("keys", "crops", {"side": side, "code": {"a.py": code}}) for side in (64, 65) for code in "ab"}
    assert len(names) == 4


def test_a_new_key_replaces_those_of_the_same_data_only(tmp_path):
    for settings in (1, 2, 1):
        for name in ("parts_seed1", "parts_seed10", "crops"):
            renew_key(key_file(str(tmp_path), name, settings))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {key_file("", name, 1).strip("/") for name in ("parts_seed1", "parts_seed10", "crops")}
