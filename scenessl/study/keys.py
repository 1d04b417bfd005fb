"""Key files: empty files whose names hold a hash of what some data depend on.

Index, parts and crops are `ancient` inputs, since made anew they are mostly the same as before. Once they differ, all
must follow that reads them. Snakemake looks at no params of a job below one that runs, and an ancient input that exists
lets nothing through; one that is missing does. So each of the three is made together with a key file, and whoever reads
it has that key file for an (ancient) input: another hash is another name, and that file is missing.
"""

import hashlib
import json
from pathlib import Path

DIGITS = 12


def key_file(folder: str, name: str, settings: object) -> str:
    """Name the key file of some data.

    Args:
        folder: where the key files of a study lie.
        name: what the data are called; anything but "@", which parts it from the hash.
        settings: all that the data depend on, of JSON's types; the order of keys does not count.

    Returns:
        "folder/name@hash", the hash in 12 hex digits.
    """
    text = json.dumps(settings, sort_keys=True)
    return f"{folder}/{name}@{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"


def renew_key(path: str | Path) -> None:
    """Write a key file; remove those of the same data as they were, so that going back is a change as well."""
    path = Path(path)
    name, _, _ = path.name.partition("@")
    for old in path.parent.glob(f"{name}@*"):
        old.unlink(missing_ok=True)
    path.touch()
