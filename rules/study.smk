# The study that the rules speak of: its checked configuration, its paths, and what each model needs.
# Has no rules; reading it keeps a few records in R/.state, and a run's beginning and end are watched from here.

import os
from pathlib import Path

from snakemake.exceptions import WorkflowError

from scenessl.errors import UserError
from scenessl.joblog import SNAKEMAKE
from scenessl.study import manifest
from scenessl.study.codehash import code_hash, sources
from scenessl.study.folders import hold, remove_unfinished
from scenessl.study.graph import Start
from scenessl.study.keys import key_file
from scenessl.study.local import with_local
from scenessl.study.planning import plan, start
from scenessl.study.preflight import STUDENT, checkpoint_folder
from scenessl.study.trials import CHOOSING, FULL, SHORT, planned
from scenessl.study.unfinished import advice
from scenessl.report.checkout import project_files
from scenessl.report.naming import submission_name

os.environ.update({SNAKEMAKE: str(os.getpid())})  # for its jobs, which end with it

try:
    given = workflow.config_settings.config
    config = with_local(config, "local.yaml", given)
    PLAN = plan(
        config,
        repository=Path(workflow.basedir),
        results=Path("results"),
        is_job=not workflow.is_main_process,
    )
    SUBMISSION = (
        submission_name(*(config["student"][key] for key in STUDENT))
        if config["zip"]
        else None
    )
except UserError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    remove_unfinished(f"results/{PLAN.study.name}", Path())

for remark in PLAN.remarks if workflow.is_main_process else []:
    logger.warning(remark)


# Ends a second run of the same study (`--nolock` does without), and demands room on the disk.
onstart:
    if workflow.is_main_process:
        try:
            if workflow.execution_settings.lock:
                hold(f"results/{PLAN.study.name}")
            start(PLAN, config, results=Path("results"))
        except UserError as error:
            raise WorkflowError(str(error)) from None


onerror:
    if workflow.is_main_process:
        logger.error(advice(f"results/{PLAN.study.name}", PLAN.published))


STUDY = PLAN.study
ASKED = [name for name in manifest.SECTIONS if manifest.asked(PLAN.published, name)]
TRIALS = planned(PLAN.published, full=True)  # also those that nothing asks for
ARCHITECTURE = f"scenessl.models.architectures.{config['network']}"
R = f"results/{STUDY.name}"
DECODING = 8  # threads at most: Python lets one at a time go from one call of the decoder to the next
GPU = 0 if config["device"] == "cpu" else 1  # one job at a time holds it
SEEDS = STUDY.seeds
LABELLED = [name for name, model in STUDY.models.items() if model.task == "scenes"]
FIRST = SEEDS[0]
LOGS = f"{R}/logs"
TIMES = f"{R}/benchmarks"
RUN = f"{R}/models/{{model}}/seed{{seed}}"
FIRST_RUN = f"{R}/models/{{model}}/seed{FIRST}"
INDEX = ancient(f"{R}/data/index.csv")
CLASSES = ancient(f"{R}/data/classes.json")
CROPS = ancient(f"{R}/data/crops.npy")
PARTS = ancient(f"{R}/data/parts_seed{{seed}}.csv")
FIRST_PARTS = ancient(f"{R}/data/parts_seed{FIRST}.csv")
# What every image's number, its pixels and its part depend on: whoever reads the files above has the key too (keys.py).
IMAGES = {
    "hash": PLAN.data_hash,
    # where they are skipped, decoding decides which images there are
    "skipped": config["unreadable_images"] == "skip"
    and code_hash("scenessl.data.decode"),
    "code": code_hash("scenessl.data.folders", "scenessl.data.batches"),
}
PIXELS = IMAGES | {
    "side": config["image_side"],
    "transform": config["transform"],
    "decoding": code_hash("scenessl.data.decode", "scenessl.data.transforms"),
}
DIVISION = IMAGES | {
    "share": config["validation"]["value"],
    "division": code_hash("scenessl.data.parts"),
}
KEYS = f"{R}/data/keys"
INDEX_KEY = key_file(KEYS, "index", IMAGES)
CROPS_KEY = key_file(KEYS, "crops", PIXELS)
PARTS_KEY = key_file(KEYS, "parts_seed{seed}", DIVISION)
FIRST_PARTS_KEY = key_file(KEYS, f"parts_seed{FIRST}", DIVISION)
FIGURES, TABLES, MEASURED, EVIDENCE = (
    [f"{R}/{name}" for name in names(PLAN.published)]
    for names in (
        manifest.figure_files,
        manifest.table_files,
        manifest.measured_files,
        manifest.evidence_files,
    )
)


wildcard_constraints:
    model="|".join(STUDY.models),
    seed=r"\d+",
    start=r"[a-z0-9_@-]+",
    submission=SUBMISSION or "none",
    task="|".join(STUDY.pretexts) or "none",
    batch_size=r"\d+",


def shown(file, caption, category):
    """Mark a result for `snakemake --report`."""
    return report(file, f"{workflow.basedir}/rules/captions/{caption}.rst", category)


def code(*modules):
    """Hash what a rule runs; a comment or a docstring changes nothing, nor does the way a job writes its logs."""
    hashes = code_hash(*modules)
    for module in ("joblog", "training/events"):
        hashes.pop(f"scenessl/{module}.py", None)
    return hashes


def plain(settings):
    """Give settings in an order of their own, so that moving a line of the configuration changes nothing."""
    return {
        key: plain(value) if isinstance(value, dict) else value
        for key, value in sorted(settings.items())
    }


def model_of(wildcards):
    """Give the model that a job makes."""
    return STUDY.models[wildcards.model]


def trial_bound(key):
    """Give what bounds a training in the short form; in the full one, nothing does."""
    return lambda wildcards: (
        PLAN.published["trials"][key] if wildcards.form == SHORT else None
    )


def kept_settings(wildcards):
    """Give the settings of a model that its trials keep."""
    settings = plain(model_of(wildcards).settings)
    return {key: value for key, value in settings.items() if key not in CHOOSING}


def start_file(start, seed):
    """Name the file with the weights of a start."""
    if start.name == "imagenet":
        return f"{R}/starts/imagenet.safetensors"
    if start.name == "random":
        return f"{R}/starts/random_seed{seed}.safetensors"
    kind = "weights" if start.epoch is None else "epochs"
    return f"{R}/models/{start.name}/seed{seed}/{kind}.safetensors"


def start_of(wildcards):
    """Name the weights that a job's model starts with."""
    return start_file(model_of(wildcards).start, wildcards.seed)


def precision_of(wildcards):
    """Name the file that says in which precision a job trains, where its model leaves it open."""
    settings = model_of(wildcards).settings
    if settings["precision"] != "auto":
        return []
    return ancient(f"{R}/{manifest.precision_file(settings['batch_size'])}")


def features_file(start, seed):
    """Name the cached features of a start; the ImageNet ones serve all seeds."""
    tag = "imagenet" if start.name == "imagenet" else f"{start}-seed{seed}"
    return f"{R}/features/{tag}.safetensors"


def features_of(wildcards):
    """Name the cached features that a job's classifier reads."""
    return features_file(model_of(wildcards).start, wildcards.seed)


def cached_along(wildcards):
    """Name the cached features along a pretext that the study's classifiers rest on anyway, by epoch."""
    pretext = model_of(wildcards)
    wanted = {
        str(epoch): Start(pretext.name, epoch)
        for epoch in config["trajectory"]["epochs"]
    }
    wanted["0"] = pretext.start
    if pretext.settings["select"] == "last":
        wanted["latest"] = Start(pretext.name)
    used = {STUDY.models[name].start for name in STUDY.frozen}
    return {
        at: features_file(start, wildcards.seed)
        for at, start in wanted.items()
        if start in used
    }


def features_of_models(names):
    """Name the cached features of models as they end, of the first seed."""
    return [features_file(Start(name), FIRST) for name in names]


def own_pretext(wildcards):
    """Name the weights of the pretext whose frozen features a job's model has; none where it has other ones."""
    pretext = manifest.own_pretext(PLAN.published, wildcards.model)
    return f"{R}/models/{pretext}/seed{FIRST}/weights.safetensors" if pretext else []


def runs(name, models=None, seeds=SEEDS):
    """Name a file of every given model and seed."""
    return [
        f"{R}/models/{model}/seed{seed}/{name}"
        for model in models or STUDY.models
        for seed in seeds
    ]


def finished_files():
    """Name what a complete study has made."""
    names = ("report.pdf", "report.html", "checks.json")
    return [*(f"{R}/report/{name}" for name in names), *submission_files()]


def submission_files():
    """Name the submission zip, if one is asked for."""
    return [f"{R}/report/{SUBMISSION}.zip"] if SUBMISSION else []


def parse_start_tag(tag):
    """Read the name of a features file back: (start, seed)."""
    name, _, seed = tag.partition("-seed")
    return Start.parse(name, "features"), seed or FIRST


def first_of_task(task):
    """Give the first model of a pretext task, whose settings its samples show."""
    return next(model for model in STUDY.models.values() if model.task == task)


def drawn_by(module):
    """List the files that a figure's code stands on; a change of their content re-makes it."""
    return sources(
        f"scenessl.{module}", f"workflow_scripts/{module.partition('.')[2]}.py"
    )


def page_files():
    """Name every file of the templates, fonts and the page's own included."""
    return sorted(str(path) for path in Path("templates").rglob("*") if path.is_file())


def template_files():
    """Name every file that the PDF is made of."""
    return [file for file in page_files() if not file.startswith("templates/page/")]
