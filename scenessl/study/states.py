"""The states that let jobs go on after a kill: which of them are no longer needed."""

import shutil
from pathlib import Path

FINISHED = "finished"  # the file in a state's folder that says that its job has written its results


def remove_finished(folder: Path | str) -> None:
    """Remove the states of finished jobs below `folder`, once the workflow has noted the results.

    Not the jobs themselves do that: a kill between a job's last act and the workflow's note of it makes the workflow
    throw the results away.
    """
    for mark in list(Path(folder).rglob(FINISHED)):
        shutil.rmtree(mark.parent, ignore_errors=True)
