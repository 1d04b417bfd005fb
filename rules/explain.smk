# Needs models and predictions; makes the samples of the pretexts, the choice of images, Score-CAM maps and inversions.

SAMPLES = code("scenessl.explain.samples", "workflow_scripts/samples.py")


# Shows a few training images as a pretext task shows them.
rule samples:
    input:
        index=INDEX,
        crops=CROPS,
        parts=ancient(f"{R}/data/parts_seed{FIRST}.csv"),
    output:
        samples=f"{R}/explain/samples_{{task}}.npz",
    log:
        f"{LOGS}/explain/samples_{{task}}.log",
    params:
        task="{task}",
        share=config["validation"]["value"],
        side=config["image_side"],
        options=lambda wildcards: dict(first_of_task(wildcards.task).options),
        data=PLAN.data_hash,
        pixels=PIXELS,
        seed=FIRST,
        code=lambda wildcards: SAMPLES | code(f"scenessl.tasks.{wildcards.task}"),
    script:
        "../workflow_scripts/samples.py"


# Chooses the test images that all compared models classify rightly.
rule choice:
    input:
        predictions=runs("predictions.npz", config["explain"]["models"], [FIRST]),
        index=INDEX,
    output:
        choice=f"{R}/explain/choice.json",
    log:
        f"{LOGS}/explain/choice.log",
    params:
        models=config["explain"]["models"],
        wanted=config["explain"]["images"],
        seed=FIRST,
        code=code("scenessl.explain.choice", "workflow_scripts/choice.py"),
    script:
        "../workflow_scripts/choice.py"


# Makes one Score-CAM map per chosen image and layer.
rule scorecam:
    input:
        weights=f"{R}/models/{{model}}/seed{FIRST}/weights.safetensors",
        choice=f"{R}/explain/choice.json",
        crops=CROPS,
    output:
        maps=f"{R}/explain/scorecam/{{model}}.npz",
    log:
        f"{LOGS}/explain/scorecam_{{model}}.log",
    benchmark:
        f"{TIMES}/scorecam/{{model}}.tsv"
    threads: PLAN.threads
    resources:
        gpu=1,
        compute_threads=PLAN.threads,
        device=config["device"],
        batch=config["explain"]["batch_size"] or 0,
    params:
        layers=config["explain"]["layers"],
        variant=config["explain"]["variant"],
        data=PLAN.data_hash,
        pixels=PIXELS,
        code=code("scenessl.explain.maps", "workflow_scripts/scorecam.py"),
        state=f"{R}/.state/scorecam/{{model}}",
    script:
        "../workflow_scripts/scorecam.py"


# Makes images that excite the chosen filters of one model.
rule inversion:
    input:
        weights=f"{R}/models/{{model}}/seed{FIRST}/weights.safetensors",
        index=INDEX,
        crops=CROPS,
    output:
        inversion=f"{R}/explain/inversion/{{model}}.npz",
    log:
        f"{LOGS}/explain/inversion_{{model}}.log",
    benchmark:
        f"{TIMES}/inversion/{{model}}.tsv"
    threads: PLAN.threads
    resources:
        gpu=1,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        settings={
            key: value for key, value in config["inversion"].items() if key != "models"
        },
        data=PLAN.data_hash,
        pixels=PIXELS,
        seed=FIRST,
        code=code("scenessl.explain.inversion", "workflow_scripts/inversion.py"),
    script:
        "../workflow_scripts/inversion.py"
