"""What the jobs of a study have to compute, counted before anything is made: passes of the network above all.

The counts follow from the configuration and the number of images alone. Where a run may do less (early stopping, images
that not all models classify rightly, channels that are constant) the most is counted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scenessl.estimate.work import (
    CLASSIFIED,
    CLIMBED,
    COMPARED,
    DECODED,
    EPOCHS,
    FITS,
    FITTED,
    FOLDED,
    FORWARD,
    INPUTS,
    LIGHT_START,
    MAPPED,
    MASKED,
    PAINTED,
    START,
    Images,
    Job,
    Network,
    n_log_n,
)
from scenessl.evaluation.extractors import SAMPLED
from scenessl.evaluation.probes import STRENGTHS
from scenessl.explain.cam import SEARCHED
from scenessl.explain.faithfulness import STEPS
from scenessl.explain.regularisers import sixteen_motions
from scenessl.explain.responses import TESTED
from scenessl.explain.variants import VARIANTS
from scenessl.study import manifest
from scenessl.study.trials import SHORT, planned
from scenessl.training.frozen import PROOF_IMAGES
from scenessl.training.precision_choice import PAIRS
from scenessl.training.starts import CALIBRATION_IMAGES
from scenessl.training.trials import WATCHED

MOTIONS = len(sixteen_motions(0, 0, 0, side=1))  # under which a finished image is seen again
CONFIDENCES = 1 + 2 * (STEPS + 1)  # images by which a map's faithfulness is measured: kept, deletions, insertions
REPORT = {
    "configuration": "configuration.yaml",
    "tables": "tables/accuracy.csv",
    "provenance": "provenance.json",
    "thumbnails": "page/thumbnails.json",
    "report": "report/report.pdf",
    "page": "report/report.html",
    "checks": "report/checks.json",
}
CROPS = "data/crops.npy"
IMAGENET = "starts/imagenet.safetensors"


@dataclass
class Workload:
    """The jobs of a study; `published` is the content of its configuration.yaml (see `manifest`)."""

    published: Mapping
    images: Images
    network: Network
    wanted_features: dict[str, tuple[str, int]] = field(default_factory=dict, init=False)  # tag -> start, seed

    def __post_init__(self) -> None:
        """Read what is asked for most."""
        self.models: Mapping[str, Mapping] = self.published["models"]
        self.seeds: Sequence[int] = self.published["seeds"]
        self.first = self.seeds[0]
        opened = [
            (name, file) for name, line in self.models.items() for file in self._precision_files(line["settings"])
        ]
        self.left_open = {file: name for name, file in reversed(opened)}  # -> the first model that asks
        self.frozen = [name for name, line in self.models.items() if line["train"] == "classifier"]

    def jobs(self) -> list[Job]:
        """List every job that computes, and one for each figure and each part of the report."""
        made = [*self._data(), *self._trainings(), *self._predictions()]
        made += [*self._scorecam(), *self._inversion(), *self._looks(), *self._probes(), *self._trajectory()]
        made += [*self._few_labels(), *self._repeats(), *self._trials()]
        made += self._features()  # those that have been asked for, and starts likewise
        made += self._starts(made)
        figures = [Job("figures", name, name, {LIGHT_START: 1}) for name in manifest.figure_files(self.published)]
        ends = tuple(job.output for job in made)
        start = {name: START if name == "provenance" else LIGHT_START for name in REPORT}
        report = [Job("report", name, output, {start[name]: 1}, ends) for name, output in REPORT.items()]
        return [*made, *figures, *report]

    # --- what all need ------------------------------------------------------------------------------------------------

    def _data(self) -> Iterator[Job]:
        count, drawn = self.images.all, self.published["data"]["kind"] == "drawn"
        if drawn:
            yield Job("data", "draw", "data/drawn", {PAINTED: count, LIGHT_START: 1})
        yield Job("data", "index", "data/index.csv", {DECODED: count, LIGHT_START: 1}, ("data/drawn",) * drawn)
        yield Job("data", "crops", CROPS, {DECODED: count, START: 1}, ("data/index.csv",))
        for seed in self.seeds:
            yield Job("data", f"parts_seed{seed}", f"data/parts_seed{seed}.csv", {LIGHT_START: 1})

    def _starts(self, jobs: Iterable[Job]) -> Iterator[Job]:
        needed = dict.fromkeys(name for job in jobs for name in job.needs if name.startswith("starts/"))
        for name in needed:
            needs = () if name in self.left_open else (CROPS,)
            yield Job("starts", name, name, self._starting(name) | {START: 1}, needs, whole=True)

    def _starting(self, name: str) -> dict[str, float]:
        """Count what makes a file of starts/: a calibration, or steps by which a precision is chosen."""
        if name in self.left_open:
            model = self.left_open[name]
            return {INPUTS + model: 2 * (1 + PAIRS) * self.models[model]["settings"]["batch_size"]}
        return {FORWARD: 0 if name == IMAGENET else CALIBRATION_IMAGES}

    def _start_file(self, start: str, seed: int) -> str:
        """Name the file of a start: `random`, `imagenet`, or a model with or without its epoch."""
        name, _, epoch = start.partition("@")
        if name in ("imagenet", "random"):
            return IMAGENET if name == "imagenet" else f"starts/random_seed{seed}.safetensors"
        return f"models/{name}/seed{seed}/{'epochs' if epoch else 'weights'}.safetensors"

    def _features_file(self, start: str, seed: int) -> str:
        """Name the cached features of a start, and remember that they are wanted."""
        tag = "imagenet" if start == "imagenet" else f"{start}-seed{seed}"
        self.wanted_features[tag] = start, seed
        return f"features/{tag}.safetensors"

    def _features(self) -> Iterator[Job]:
        for tag, (start, seed) in self.wanted_features.items():
            users = [self.models[name]["settings"] for name in self.frozen if self.models[name]["init"] == start]
            mirrored = self.images.train if any("flip" in settings["augmentation"] for settings in users) else 0
            needs = (self._start_file(start, seed), CROPS)
            work = {FORWARD: self.images.all + mirrored, START: 1}
            yield Job("features", tag, f"features/{tag}.safetensors", work, needs, whole=True)

    # --- trainings and predictions ------------------------------------------------------------------------------------

    def _runs(self) -> Iterator[tuple[str, Mapping, int]]:
        yield from ((name, line, seed) for name, line in self.models.items() for seed in self.seeds)

    def _trainings(self) -> Iterator[Job]:
        for name, line, seed in self._runs():
            output = run_file(name, seed, "weights.safetensors")
            if name in self.frozen:
                needs = (self._features_file(line["init"], seed),)
                work = self._classifier(line["settings"]["epochs"]) | {FORWARD: PROOF_IMAGES, START: 1}
            else:
                needs = (self._start_file(line["init"], seed), CROPS, *self._precision_files(line["settings"]))
                epochs = line["settings"]["epochs"]
                work = self._training(name, self.images.train, epochs, self.images.judging) | {START: 1}
            yield Job("train", f"{name}_seed{seed}", output, work, needs, whole=name not in self.frozen)

    def _precision_files(self, settings: Mapping) -> list[str]:
        """Name the file that says what a precision left open is; none where it is stated."""
        return [manifest.precision_file(settings["batch_size"])] if settings["precision"] == "auto" else []

    def _training(self, name: str, train: int, epochs: int, judging: int) -> dict[str, float]:
        """Count a network's training: every view of every image in each epoch, and what is scored before and after."""
        views = self.network.views[self.models[name]["task"]]
        return {
            INPUTS + name: views * train * epochs,
            EPOCHS + name: 1 + epochs,
            FORWARD: (1 + epochs) * views * judging,
        }

    def _classifier(self, epochs: int) -> dict[str, float]:
        return {CLASSIFIED: self.images.train * epochs}

    def _predictions(self) -> Iterator[Job]:
        for name, line, seed in self._runs():
            is_frozen = name in self.frozen
            output = run_file(name, seed, "predictions.npz")
            work = {START: 1, FORWARD: 0 if is_frozen else self.network.views[line["task"]] * self.images.all}
            needs = (run_file(name, seed, "weights.safetensors"),)
            yield Job("predict", f"{name}_seed{seed}", output, work, needs, whole=not is_frozen)

    # --- explanations of the first seed -------------------------------------------------------------------------------

    def _scorecam(self) -> Iterator[Job]:
        asked = self.published.get("explain")
        if not asked:
            return
        predictions = tuple(run_file(name, self.first, "predictions.npz") for name in asked["models"])
        yield Job("scorecam", "choice", "explain/choice.json", {LIGHT_START: 1}, predictions)
        highest = self.network.channels[max(asked["layers"])]
        shown, sampled = asked["images"], max(0, asked["sample"] - asked["images"])  # those shown are in the sample
        others = len(VARIANTS) - 1  # formulas beside the study's own
        maps = shown * len(asked["layers"]) + sampled + others
        masked = shown * sum(self.network.channels[layer] for layer in asked["layers"])
        work = {MASKED: masked + (sampled + others) * highest, FOLDED: maps * (2 + CONFIDENCES), START: 1}
        for name in asked["models"]:
            needs = (run_file(name, self.first, "weights.safetensors"), "explain/choice.json")
            yield Job("scorecam", name, f"explain/scorecam/{name}.npz", work, needs, whole=True)

    def _inversion(self) -> Iterator[Job]:
        asked = self.published.get("inversion")
        if not asked:
            return
        weights = [run_file(name, self.first, "weights.safetensors") for name in asked["models"]]
        views = sum(self.network.views[task] for task in manifest.pretext_tasks(self.published))
        tested, alike = (min(most, self.images.test) for most in (TESTED, SAMPLED))
        for place, name in enumerate(asked["models"]):
            climbing = asked["filters"] + 1 + (asked["filters"] if place else 0)  # at most: the first one's filters too
            real = self.images.test + views * tested
            work = {CLIMBED: asked["steps"] * climbing, FOLDED: real + MOTIONS * climbing, START: 1}
            needs = (weights[place], weights[0])
            yield Job("inversion", name, f"explain/inversion/{name}.npz", work, needs, whole=True)
        work = {FORWARD: len(weights) * alike, START: 1}
        yield Job("extractors", "all", "explain/extractors.npz", work, weights, whole=True)

    def _looks(self) -> Iterator[Job]:
        """Look at models of the first seed; what takes no longer than PyTorch's start is one job for all of them."""
        tasks, test = manifest.pretext_tasks(self.published), self.images.test
        if tasks:
            yield Job("looks", "samples", f"explain/samples_{tasks[0]}.npz", {START: 1}, (CROPS,))
        for name in manifest.models_of(self.published, "cam"):
            searched = min(SEARCHED, self.network.views[self.models[name]["task"]] * test)
            needs, work = (run_file(name, self.first, "predictions.npz"),), {FORWARD: searched, START: 1}
            yield Job("cam", name, f"explain/cam/{name}.npz", work, needs, whole=True)
        for name in manifest.models_of(self.published, "filters"):
            needs = (run_file(name, self.first, "weights.safetensors"),)
            yield Job("looks", f"filters_{name}", f"explain/filters/{name}.npz", {START: 1}, needs)
        if extreme := manifest.models_of(self.published, "loss_extremes"):
            needs = tuple(run_file(name, self.first, "predictions.npz") for name in extreme)
            yield Job("looks", "loss_extremes", f"explain/loss_extremes/{extreme[0]}.npz", {START: 1}, needs)
        if mapped := manifest.models_of(self.published, "embedding"):
            points = sum(n_log_n(min(count, test)) for count in self.published["embedding"]["images"])
            yield self._of_features("embedding", mapped, {MAPPED: len(mapped) * points})
        if compared := manifest.models_of(self.published, "neighbours"):
            products = test * self.images.train * self.network.width
            yield self._of_features("neighbours", compared, {COMPARED: len(compared) * products})

    def _of_features(self, section: str, models: Sequence[str], work: Mapping[str, float]) -> Job:
        """Look at the cached features of some models, in one job."""
        needs = tuple(self._features_file(name, self.first) for name in models)
        return Job(section, "all", f"explain/{section}/{models[0]}.npz", {START: 1, **work}, needs)

    # --- classifiers on features --------------------------------------------------------------------------------------

    def _of_starts(self, section: str) -> Iterator[tuple[str, int]]:
        yield from ((start, seed) for start in manifest.models_of(self.published, section) for seed in self.seeds)

    def _probes(self) -> Iterator[Job]:
        is_chosen = not self.images.validates_on_test  # by validation images, the strength of the penalty
        judged = self.images.test + is_chosen * self.images.validation
        strengths = len(STRENGTHS) if is_chosen else 1
        columns = sum(self.network.grids) + sum(self.network.channels)
        fits = strengths * 2 * len(self.network.blocks)
        rows = strengths * self.images.train * columns / self.network.width
        products = judged * self.images.train * sum(self.network.grids)
        work = {FORWARD: self.images.all, FITS: fits, FITTED: rows, COMPARED: products, START: 1}
        for start, seed in self._of_starts("probes"):
            needs = (self._start_file(start, seed), CROPS)
            name = f"{start}_seed{seed}"
            yield Job("probes", name, f"probes/{name}.npz", work, needs, whole=True)

    def _trajectory(self) -> Iterator[Job]:
        asked = self.published.get("trajectory") or {"models": []}
        used = {self.models[name]["init"] for name in self.frozen}
        for name in asked["models"]:
            line = self.models[name]
            last = line["settings"]["epochs"]
            starts = {0: line["init"], last: name if line["settings"]["select"] == "last" else f"{name}@{last}"}
            starts |= {epoch: f"{name}@{epoch}" for epoch in asked["epochs"] if epoch < last}
            alone = sum(start not in used for start in starts.values())  # epochs without cached features
            seen = alone * self.images.all + len(starts) * min(asked["images"], self.images.test)
            fitted = len(starts) * self.images.train
            for seed in self.seeds:
                cached = [self._features_file(start, seed) for start in starts.values() if start in used]
                needs = (run_file(name, seed, "weights.safetensors"), *cached)
                work = {FORWARD: seen, FITS: len(starts), FITTED: fitted, START: 1}
                path = f"{name}_seed{seed}"
                yield Job("trajectory", path, f"trajectory/{path}.npz", work, needs, whole=True)

    def _few_labels(self) -> Iterator[Job]:
        asked = self.published.get("label_efficiency")
        if not asked:
            return
        few = [min(count * self.images.classes, self.images.train) for count in asked["labels"]] * asked["draws"]
        rows = [*few, self.images.train]
        work = {FITS: len(asked["starts"]) * len(rows), FITTED: len(asked["starts"]) * sum(rows), START: 1}
        for seed in self.seeds:
            needs = tuple(self._features_file(start, seed) for start in asked["starts"])
            yield Job("label_efficiency", f"seed{seed}", f"label_efficiency/seed{seed}.npz", work, needs)

    def _repeats(self) -> Iterator[Job]:
        asked = self.published.get("repeats")
        if asked:
            lines = [self.models[name] for name in asked["models"]]
            trained = sum(self._classifier(line["settings"]["epochs"])[CLASSIFIED] for line in lines)
            needs = tuple(self._features_file(line["init"], self.first) for line in lines)
            name = f"seed{self.first}"
            yield Job("repeats", name, f"repeats/{name}.npz", {CLASSIFIED: asked["seeds"] * trained, START: 1}, needs)

    def _trials(self) -> Iterator[Job]:
        asked = self.published.get("trials")
        for (form, name), trials in planned(self.published).items():
            line, is_frozen = self.models[name], name in self.frozen
            work = self._trial(name, asked, form) if not is_frozen else self._classifier(line["settings"]["epochs"])
            work = {kind: len(trials) * amount for kind, amount in work.items()} | {START: 1}
            init = line["init"]
            needs = self._features_file(init, self.first) if is_frozen else self._start_file(init, self.first)
            called = name if is_frozen else f"{form}_{name}"
            yield Job("trials", called, f"trials/{form}/{name}.npz", work, (needs, CROPS), whole=not is_frozen)

    def _trial(self, name: str, asked: Mapping, form: str) -> dict[str, float]:
        """Count one trial of a network: a training that watches few images, and is judged at its end."""
        views = self.network.views[self.models[name]["task"]]
        epochs, train = self.models[name]["settings"]["epochs"], self.images.train
        if form == SHORT:
            epochs, train = min(epochs, asked["epochs"]), min(train, asked["inputs"] // views)
        judges = min(asked["validation"], self.images.validation)
        work = self._training(name, train, epochs, 2 * max(1, WATCHED // views))
        return work | {FORWARD: work[FORWARD] + views * (judges + min(judges, train))}


def run_file(model: str, seed: int, name: str) -> str:
    """Name a file of a run."""
    return f"models/{model}/seed{seed}/{name}"
