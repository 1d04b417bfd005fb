"""Sentences of the introduction, the method and the conclusion, and the rows of the provenance."""

from markupsafe import Markup

from scenessl.report.answers import inversion, labels, scorecam, trajectory
from scenessl.report.answers.accuracy import winner
from scenessl.report.answers.probes import inner_statement
from scenessl.report.answers.seeds import limits
from scenessl.report.answers.usefulness import useful_short
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal, percent
from scenessl.report.text_network import named
from scenessl.report.verdicts import compare, converged_statement, convergence, start_control, statement
from scenessl.report.wording import cite, listing, names, paragraph, plural, ref, say
from scenessl.study.manifest import asked, models_of

TASKS = {
    "rotation": "recognise by which of four turns an image is rotated",
    "perturbation": "recognise whether a small square was painted black or white",
}


def introduction(evidence: Evidence) -> list[Markup]:
    """Say what the study compares, with what, and on what."""
    pretexts = [
        say("{name} ({what})", name=code(name), what=_task(evidence, name)) for name in evidence.roles["pretexts"]
    ]
    opening = say(
        "This report compares a network that is trained with {thing} labels with networks whose features are trained "
        "without them, on {what}: {pretexts}. All are {network}, and all are judged on the same test images by "
        "{looks}.",
        thing=evidence.document.THING,
        what=plural(len(pretexts), "pretext task"),
        pretexts=listing(pretexts),
        network=named(evidence),
        looks=listing(["their accuracy", *_looks(evidence)]),
    )
    return [opening, _data_origin(evidence), _weights_origin(evidence)]


LOOKS = {
    "explain": "visual explanations of single predictions",
    "cam": "class activation maps of single predictions",
    "inversion": "images that show what their filters answer to",
    "filters": "the patterns of their filters",
    "embedding": "maps of their features",
    "neighbours": "the neighbours that they find for an image",
    "probes": "what simple classifiers make of each of their blocks",
}
"""What a study may ask for beside accuracies, in words for the introduction."""


def _looks(evidence: Evidence) -> list[str]:
    found = [words for section, words in LOOKS.items() if asked(evidence.published, section)]
    return [f"by {words}" for words in found]


def _task(evidence: Evidence, name: str) -> str:
    task = evidence.models[name].task
    return TASKS.get(task, f"solve the task “{task}”")


def _data_origin(evidence: Evidence) -> Markup:
    document = evidence.document
    values = {"classes": count(len(evidence.classes)), "work": cite(document.DATA_WORK), "name": document.DATA_NAME}
    if evidence.is_drawn:
        text = (
            "The images are <strong>drawn by the program</strong>, {classes} classes of procedural scenes, so that "
            "every step can be run without any data; the assignment’s photographs {work} are not used, and no number "
            "here says anything about them."
        )
        return say(text, **values)
    text = "The images are of {classes} classes and used as they were given; the assignment names {name} {work}."
    return say(text, **values)


def _weights_origin(evidence: Evidence) -> Markup:
    weights = evidence.published["weights"]
    if not evidence.is_pretrained and not evidence.document.IS_PRETRAINED:
        return Markup("All networks start from random weights: what they know, they learned from these images.")
    if not evidence.is_pretrained:
        text = (
            "All networks start from <strong>random weights</strong>, while the assignment starts from weights learned "
            "on a large collection of labelled photographs {work}."
        )
        return say(text, work=cite("deng2009"))
    known = say(" (sha256 <code>{sum}…</code>)", sum=weights["sha256"][:12]) if weights.get("sha256") else ""
    text = "The pretrained networks start from the weights “{name}”{known}, learned on ImageNet {work}."
    return say(text, name=weights["name"], known=known, work=cite("deng2009"))


def findings(evidence: Evidence) -> list[Markup]:
    """The main results, one sentence each."""
    return [*_judged(evidence), *_looked_at(evidence)]


def _judged(evidence: Evidence) -> list[Markup]:
    """Give the findings on the models' accuracies."""
    return [
        winner(evidence),
        useful_short(evidence),
        *(converged_statement(convergence(evidence, name)) for name in evidence.roles["pretexts"]),
        *_early(evidence),
        *_inner(evidence),
    ]


def _looked_at(evidence: Evidence) -> list[Markup]:
    """Give the findings of the further looks at the features."""
    along = (trajectory.finding(evidence), labels.finding(evidence))
    return [*(found for found in along if found), *_pictured(evidence)]


def _pictured(evidence: Evidence) -> list[Markup]:
    """Give one finding on each kind of visualisation that the study asks for and the findings sum up."""
    found = [
        (evidence.has_explained, evidence.heatmaps.maps, scorecam.finding),
        (True, evidence.inversions, inversion.finding),
        (True, evidence.embeddings, _partings),
        (True, evidence.neighbourhoods, _neighbours),
    ]
    sentences = [finding(evidence) for is_there, results, finding in found if is_there and results]
    return [sentence for sentence in sentences if sentence]


def _partings(evidence: Evidence) -> Markup | None:
    """Say how far the classes part among the features, network by network."""
    values = {name: found.largest.silhouette_features for name, found in evidence.embeddings.items()}
    parts = [
        say("{value} in {name}", value=decimal(value), name=code(name))
        for name, value in values.items()
        if value is not None
    ]
    text = "Among the features before the classifier, the classes have a silhouette of {parts}."
    return say(text, parts=listing(parts)) if parts else None


def _neighbours(evidence: Evidence) -> Markup:
    """Say how often a nearest training image is of the right class, network by network."""
    parts = [
        say("{share} in {name}", share=percent(found.share_right), name=code(name))
        for name, found in evidence.neighbourhoods.items()
    ]
    return say("The nearest training images of a test image are of its class for {parts}.", parts=listing(parts))


def _early(evidence: Evidence) -> list[Markup]:
    early, latest = evidence.roles.get("early"), evidence.roles.get("latest")
    return [statement(compare(evidence, early, latest))] if early and latest else []


def _inner(evidence: Evidence) -> list[Markup]:
    """Say of every probed pretext whether an inner block transfers better than its last."""
    probed = models_of(evidence.published, "probes")
    return [inner_statement(evidence, name) for name in evidence.roles["pretexts"] if name in probed]


def scheme_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of models: letter of the assignment, name, task, start, what trains, and its part."""
    letters = _letters(evidence)
    return [
        {
            "letter": letters.get(name, ""),
            "name": name,
            "task": evidence.task_name(model.task),
            "init": model.init,
            "train": "all layers" if model.train == "all" else "classifier only",
            "part": _part(evidence, name),
        }
        for name, model in evidence.models.items()
    ]


def _letters(evidence: Evidence) -> dict[str, str]:
    """Letters as in the assignment: a supervised, b and c the first pretext and its scheme, and so on."""
    order = [evidence.roles["supervised"]]
    for name in evidence.self_supervised:
        order += [pretext for pretext in (evidence.pretext_of(name),) if pretext and pretext not in order] + [name]
    return {name: f"({letter})" for name, letter in zip(order, "abcdefghijklmnopqrstuvwxyz", strict=False)}


def _part(evidence: Evidence, name: str) -> str:
    roles = evidence.roles
    if name == roles["supervised"]:
        return "supervised scheme"
    if name in roles["pretexts"]:
        return "pretext task"
    if name in roles["schemes"]:
        return "self-supervised scheme"
    if name == roles.get("early"):
        return "early pretext epoch"
    if name in roles["controls"]:
        return "control: random features" if evidence.models[name].init == "random" else "control: no pretext"
    return "further model"


def method(evidence: Evidence) -> list[Markup]:
    """Describe schemes, pretexts and controls."""
    return [_schemes(evidence), *_pretexts(evidence), _controls(evidence)]


def _schemes(evidence: Evidence) -> Markup:
    return say(
        "{table} lists the models. In the supervised scheme all layers of {supervised} are trained on the labels. In "
        "the self-supervised schemes all layers are first trained on a pretext task that needs no labels; then its "
        "classifier is dropped, a new one for the {things} is added, and {after}. Frozen means that neither weights "
        "nor batch-norm statistics change, which each training checks.",
        table=ref("models"),
        supervised=code(evidence.roles["supervised"]),
        things=evidence.document.THINGS,
        after=_after_pretext(evidence),
    )


def _after_pretext(evidence: Evidence) -> Markup:
    """Say what of a self-supervised scheme trains on the labels."""
    only, all_layers = "only this classifier is trained, on frozen features", "all layers are trained on"
    if not evidence.tuned:
        return say(only)
    if not evidence.frozen:
        return say(all_layers)
    values = {"frozen": names(evidence.frozen), "tuned": names(evidence.tuned)}
    return say(only + " ({frozen}), or " + all_layers + " ({tuned})", **values)


def _pretexts(evidence: Evidence) -> list[Markup]:
    tasks = {evidence.models[name].task for name in evidence.roles["pretexts"]}
    texts = {
        "rotation": say(
            "The rotation pretext {work} turns the square {picture} by quarter turns with {function} and asks for the "
            "turn; every image is seen in all four of them in every epoch ({figure}).",
            work=cite("gidaris2018"),
            picture=evidence.picture,
            function=code("torchvision.transforms.functional.rotate"),
            figure=ref("pretext_rotation"),
        ),
        "perturbation": say(
            "The perturbation pretext paints a square at a random place that lies wholly inside the {picture}, once "
            "black and once white, and asks for the colour; both views of an image share the place, which is drawn "
            "anew in every epoch of training and fixed in evaluation ({figure}). The square is painted after the "
            "{picture} and every augmentation, before the normalisation{square}.",
            figure=ref("pretext_perturbation"),
            picture=evidence.picture,
            square=_square(evidence),
        ),
    }
    other = [
        say("Samples of the pretext {task} are in {figure}.", task=task, figure=ref(f"pretext_{task}"))
        for task in sorted(tasks - texts.keys())
    ]
    return [text for task, text in texts.items() if task in tasks] + other


def _square(evidence: Evidence) -> str:
    sides = {model.settings["square"] for model in evidence.models.values() if "square" in model.settings}
    return f"; its side is {sides.pop()} pixels" if len(sides) == 1 else ""


def _controls(evidence: Evidence) -> Markup | None:
    controls = evidence.roles["controls"]
    if not controls:
        return Markup("The study has no controls, so the worth of a pretext cannot be told from that of the start.")
    text = (
        "The {noun} {controls} {train} the same classifier on frozen features that have seen no pretext: what a "
        "pretext is worth is what it adds to them."
    )
    one = len(controls) == 1
    found = say(
        text, noun="control" if one else "controls", controls=names(controls), train="trains" if one else "train"
    )
    return paragraph(found, _tuned_control(evidence))


def _tuned_control(evidence: Evidence) -> Markup | None:
    """Say what schemes whose layers all train are measured against."""
    tuned = [name for name in evidence.tuned if start_control(evidence, name) == evidence.roles["supervised"]]
    text = "{models}, of which all layers train, {are} measured against {supervised}, which has the pretext’s start."
    values = {"models": names(tuned), "are": "is" if len(tuned) == 1 else "are"}
    return say(text, supervised=code(evidence.roles["supervised"]), **values) if tuned else None


def conclusion(evidence: Evidence) -> list[Markup]:
    """Sum up the answers and their limits."""
    random = " and the weights random" if evidence.document.IS_PRETRAINED else ""
    scope = (
        f"Since the images are drawn{random}, the run shows that every step works, not how the schemes do on "
        "photographs."
        if evidence.is_drawn and not evidence.is_pretrained
        else "The results hold for this data, this network and these settings."
    )
    parts = (_judged(evidence), _looked_at(evidence), [*limits(evidence), scope])
    return [paragraph(*part) for part in parts if part]


def provenance_rows(evidence: Evidence) -> list[tuple[str, str]]:
    """Flatten the provenance into rows of key and value."""
    return [(_spaced(key), value) for key, value in _flat(evidence.provenance)]


def _spaced(key: str) -> str:
    """Write the words of a key apart; a file's path stays as it is."""
    return ": ".join(part if "." in part or "/" in part else part.replace("_", " ") for part in key.split(": "))


def _flat(tree: object, prefix: str = "") -> list[tuple[str, str]]:
    """Walk a nested mapping; lists become comma-separated, inner keys follow a colon."""
    if isinstance(tree, dict):
        return [row for key, inner in tree.items() for row in _flat(inner, f"{prefix}: {key}" if prefix else str(key))]
    if isinstance(tree, list):
        return [(prefix, ", ".join(map(str, tree)))]
    return [(prefix, "none" if tree is None else str(tree))]
