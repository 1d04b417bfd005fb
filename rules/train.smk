# Needs crops, parts and, for ImageNet, weights; makes the starts, every model's training and the features of frozen ones.
# What others wait for goes before pictures: `priority: 1` here and in what leads from a training to the maps.

from scenessl.study.states import remove_finished


localrules:
    fetch_weights,


NETWORK = code(
    "scenessl.training.network", ARCHITECTURE, "workflow_scripts/train_network.py"
)
FROZEN = code(
    "scenessl.training.frozen", ARCHITECTURE, "workflow_scripts/train_classifier.py"
)


# Downloads torchvision's ImageNet weights into its cache, unless they are there.
rule fetch_weights:
    output:
        record=f"{R}/starts/torchvision.json",
    log:
        f"{LOGS}/fetch_weights.log",
    resources:
        folder=str(checkpoint_folder()),
    params:
        code=code("scenessl.data.download", "workflow_scripts/fetch_weights.py"),
    script:
        "../workflow_scripts/fetch_weights.py"


# Writes the ImageNet backbone that `init: imagenet` names.
rule imagenet_start:
    input:
        fetched=(
            ancient(f"{R}/starts/torchvision.json")
            if PLAN.weights["kind"] == "torchvision"
            else []
        ),
    output:
        start=f"{R}/starts/imagenet.safetensors",
    log:
        f"{LOGS}/imagenet_start.log",
    priority: 1
    resources:
        weights_file=PLAN.weights_file or "",
    params:
        weights=PLAN.weights["sha256"],
        code=code(
            "scenessl.models.imagenet",
            ARCHITECTURE,
            "workflow_scripts/imagenet_start.py",
        ),
    script:
        "../workflow_scripts/imagenet_start.py"


# Writes the randomly initialised features that `init: random` names.
rule random_start:
    input:
        index=INDEX,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        start=f"{R}/starts/random_seed{{seed}}.safetensors",
    log:
        f"{LOGS}/random_start_seed{{seed}}.log",
    priority: 1
    threads: PLAN.threads
    resources:
        **INFERENCE,
        compute_threads=PLAN.threads,
    params:
        network=config["network"],
        code=code(
            "scenessl.training.starts",
            ARCHITECTURE,
            "workflow_scripts/random_start.py",
        ),
    script:
        "../workflow_scripts/random_start.py"


# Takes training steps of a batch size in fp32 and bf16, and says which a precision left open shall be. The answer is kept:
# no code among its params.
rule choose_precision:
    output:
        precision=f"{R}/{manifest.precision_file('{batch_size}')}",
    log:
        f"{LOGS}/choose_precision_batch{{batch_size}}.log",
    priority: 1
    threads: PLAN.threads
    resources:
        **CHOOSING,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        network=config["network"],
        side=config["image_side"],
    script:
        "../workflow_scripts/choose_precision.py"


# Trains all layers of one model with one seed.
rule train_network:
    input:
        start=start_of,
        precision=precision_of,
        index=INDEX,
        classes=CLASSES,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        weights=f"{RUN}/weights.safetensors",
        epochs=f"{RUN}/epochs.safetensors",
        history=f"{RUN}/history.csv",
        selection=f"{RUN}/selection.json",
    log:
        f"{LOGS}/train/{{model}}_seed{{seed}}.log",
    benchmark:
        f"{TIMES}/train/{{model}}_seed{{seed}}.tsv"
    wildcard_constraints:
        model="|".join(STUDY.networks) or "none",
    priority: 1
    threads: PLAN.threads
    resources:
        **TRAINING,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        task=lambda wildcards: model_of(wildcards).task,
        options=lambda wildcards: plain(model_of(wildcards).options),
        settings=lambda wildcards: plain(model_of(wildcards).settings),
        epoch=lambda wildcards: model_of(wildcards).start.epoch,
        code=lambda wildcards: NETWORK
        | code(f"scenessl.tasks.{model_of(wildcards).task}"),
        state=f"{R}/.state/train/{{model}}/seed{{seed}}",
    script:
        "../workflow_scripts/train_network.py"


# Computes the features of every image once, and of train images mirrored as well where a recipe flips; for all
# classifiers that start from the same weights.
rule features:
    input:
        start=lambda wildcards: start_file(*parse_start_tag(wildcards.start)),
        index=INDEX,
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        features=f"{R}/features/{{start}}.safetensors",
    log:
        f"{LOGS}/features/{{start}}.log",
    benchmark:
        f"{TIMES}/features/{{start}}.tsv"
    priority: 1
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        epoch=lambda wildcards: parse_start_tag(wildcards.start)[0].epoch,
        mirrored=lambda wildcards: STUDY.mirrors(
            str(parse_start_tag(wildcards.start)[0])
        ),
        code=code(
            "scenessl.training.features", ARCHITECTURE, "workflow_scripts/features.py"
        ),
        state=f"{R}/.state/features/{{start}}",
    script:
        "../workflow_scripts/features.py"


# Trains a new classifier on frozen features, and proves that they are frozen.
rule train_classifier:
    input:
        start=start_of,
        features=features_of,
        index=INDEX,
        classes=CLASSES,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        weights=f"{RUN}/weights.safetensors",
        epochs=f"{RUN}/epochs.safetensors",
        history=f"{RUN}/history.csv",
        selection=f"{RUN}/selection.json",
    log:
        f"{LOGS}/train/{{model}}_seed{{seed}}.log",
    benchmark:
        f"{TIMES}/train/{{model}}_seed{{seed}}.tsv"
    wildcard_constraints:
        model="|".join(STUDY.frozen) or "none",
    priority: 1
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        settings=lambda wildcards: plain(model_of(wildcards).settings),
        epoch=lambda wildcards: model_of(wildcards).start.epoch,
        code=FROZEN,
        state=f"{R}/.state/train/{{model}}/seed{{seed}}",
    script:
        "../workflow_scripts/train_classifier.py"


# What let the jobs go on after a kill is no longer needed.
onsuccess:
    remove_finished(f"{R}/.state")
