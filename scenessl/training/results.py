"""What a training leaves: the weights it ends with, every epoch's, the history, and which epoch was selected."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from scenessl.files import write_csv, write_json
from scenessl.models import weights
from scenessl.training.state import State

HISTORY = (
    "epoch",
    "learning_rate",
    "running_loss",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
)


@dataclass(frozen=True)
class Selection:
    """Which epoch a model ends with, and why."""

    selected_epoch: int
    last_epoch: int
    best_epoch: int
    planned_epochs: int
    rule: str
    why: str
    stopped_early: bool
    train_images: int
    views_per_image: int
    precision: str

    @classmethod
    def of(cls, rows: list[dict], settings: Mapping, train_images: int, views: int) -> "Selection":
        """Select by the settings' rule: the best validation accuracy (ties to the lower loss) or the last epoch."""
        trained = [row for row in rows if row["epoch"] > 0]
        best = min(trained, key=lambda row: (-row["validation_accuracy"], row["validation_loss"]))["epoch"]
        last = trained[-1]["epoch"]
        rule, planned = settings["select"], settings["epochs"]
        return cls(
            selected_epoch=best if rule == "best" else last,
            last_epoch=last,
            best_epoch=best,
            planned_epochs=planned,
            rule=rule,
            why=_why(rule, last, planned),
            stopped_early=last < planned,
            train_images=train_images,
            views_per_image=views,
            precision=settings["precision"],
        )


def _why(rule: str, last: int, planned: int) -> str:
    """Say in words why this epoch was selected."""
    if rule == "best":
        return f"highest validation accuracy of {last} epochs, ties to the lower validation loss"
    if last < planned:
        return f"the latest epoch: training had converged and was stopped after {last} of at most {planned} epochs"
    return f"the latest of {planned} planned epochs"


def write_results(
    rows: list[dict],
    selection: Selection,
    state: State,
    outputs: Mapping[str, Path],
    *,
    network: str,
    others: Mapping[str, Tensor],
    prefix: str = "",
) -> None:
    """Write the declared results from the state.

    `network` names the architecture; `others` are tensors that training did not touch, which complete the selected
    epoch's; `prefix` is the name in the whole model of the part that was trained.
    """
    kept = {epoch: state.load(f"epoch{epoch}") for epoch in range(len(rows))}
    epochs = {epoch: {prefix + name: tensor for name, tensor in own.items()} for epoch, own in kept.items()}
    flat = {f"epoch{epoch}/{name}": tensor for epoch, tensors in epochs.items() for name, tensor in tensors.items()}
    weights.save(flat, outputs["epochs"], network=network, best=selection.best_epoch, last=selection.last_epoch)
    write_csv(outputs["history"], [_rounded(row) for row in rows], HISTORY)
    write_json(outputs["selection"], asdict(selection))
    selected = selection.selected_epoch
    weights.save(dict(others) | epochs[selected], outputs["weights"], network=network, epoch=selected)


def _rounded(row: dict) -> dict:
    """Round figures to 6 significant digits, enough for every reader and short in a table."""
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in row.items()}
