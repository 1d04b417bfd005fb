"""Where the report meets each requirement of the assignment: the rows of its appendix."""

from scenessl.report.evidence import Evidence
from scenessl.report.wording import listed


def rows(evidence: Evidence) -> list[dict]:
    """Give number, requirement in short, and references to where it is met."""
    return [{"number": number, "text": text, "where": listed(*ids)} for number, text, ids in _where(evidence)]


def _where(evidence: Evidence) -> list[tuple[str, str, list[str]]]:
    roles, published = evidence.roles, evidence.published
    tasks = list(dict.fromkeys(evidence.models[name].task for name in roles["pretexts"]))
    sheets = {task: [f"pretext_{task}"] for task in tasks}
    pretext_epochs = [f"curves_{name}" for name in roles["pretexts"]]
    scenes = [f"curves_{name}" for name in roles["schemes"] if name != roles["supervised"]]
    early = ["early_latest"] if roles.get("early") else ["question_3"]
    curves = [f"curves_{name}" for name in evidence.models]
    grids = [f"scorecam_{name}" for name in published["explain"]["models"]] if evidence.has_explained else []
    return [
        ("1.1", "images in class folders, train and test", ["data", "classes"]),
        ("1.2", "EfficientNet-B0 and the prescribed transform for all schemes", ["method", "settings_regularisation"]),
        ("1.3", "(a) supervised: all layers trained", ["models", f"curves_{roles['supervised']}"]),
        ("1.4", "(b) rotation pretext", ["models", *sheets.get("rotation", [])]),
        ("1.5", "(c) rotation to scenes, frozen features", ["models", *scenes[:1]]),
        ("1.6", "(d) perturbation pretext", ["models", *sheets.get("perturbation", [])]),
        ("1.7", "(e) perturbation to scenes, frozen features", ["models", *scenes[1:2]]),
        ("1.8", "the pretext at an early epoch", early),
        ("1.9", "validation after every epoch", pretext_epochs or curves),
        ("1.10", "settings and their justification", ["settings_optimisation", "settings_regularisation", "reasons"]),
        ("1.11", "accuracies, selected epochs and why", ["accuracy", "question_2"]),
        ("1.12", "early against latest pretext epoch", ["question_3"]),
        ("1.13", "which scheme is more accurate; was self-supervision useful", ["question_4a", "question_4b"]),
        ("1.14", "under- and overfitting, strategies, evidence", ["question_5", "fitting"]),
        ("1.15", "Score-CAM", [*grids, "question_6"]),
        (
            "1.16",
            "model inversion",
            [f"inversion_{name}" for name in published["inversion"]["models"]] + ["question_7a", "question_7b"],
        ),
        ("1.17", "report with figures, answers and cited works", ["references", "provenance"]),
    ]
