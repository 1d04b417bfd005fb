# Model inversion (Yosinski et al. 2015): needs models; makes images that excite single filters, and their figures.


localrules:
    inversion_images,
    inversion_traces,
    same_filters,
    class_responses,


INVERSION = code(
    "scenessl.explain.inverted", ARCHITECTURE, "workflow_scripts/inversion.py"
)


# Makes images that excite the chosen filters of one model and those of the first one, and asks these about real images.
rule inversion:
    input:
        weights=f"{FIRST_RUN}/weights.safetensors",
        reference=f"{R}/models/{config['inversion']['models'][0]}/seed{FIRST}/weights.safetensors",
        index=INDEX,
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        inversion=f"{R}/explain/inversion/{{model}}.npz",
    log:
        f"{LOGS}/explain/inversion_{{model}}.log",
    benchmark:
        f"{TIMES}/inversion/{{model}}.tsv"
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        settings=plain(
            {
                key: value
                for key, value in config["inversion"].items()
                if key != "models"
            }
        ),
        seed=FIRST,
        tasks={task: plain(first_of_task(task).options) for task in STUDY.pretexts},
        code=INVERSION | code(*(f"scenessl.tasks.{task}" for task in STUDY.pretexts)),
        state=f"{R}/.state/inversion/{{model}}",
    script:
        "../../workflow_scripts/inversion.py"


# Compares the feature extractors of the inverted models.
rule extractors:
    input:
        weights=runs("weights.safetensors", config["inversion"]["models"], [FIRST]),
        index=INDEX,
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        extractors=f"{R}/explain/extractors.npz",
    log:
        f"{LOGS}/explain/extractors.log",
    benchmark:
        f"{TIMES}/extractors/all.tsv"
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        models=config["inversion"]["models"],
        code=code(
            "scenessl.evaluation.extractors",
            ARCHITECTURE,
            "workflow_scripts/extractors.py",
        ),
    script:
        "../../workflow_scripts/extractors.py"


# Draws the synthetic images of one model, each beside the real one that excites the filter most.
rule inversion_images:
    input:
        inversion=f"{R}/explain/inversion/{{model}}.npz",
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        code=sources(
            "scenessl.figures.inversion", "workflow_scripts/inversion_images.py"
        ),
    output:
        figure=shown(
            f"{R}/figures/inversion_{{model}}.svg", "inversion", "Model inversion"
        ),
    log:
        f"{LOGS}/figures/inversion_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["inversion"]["models"]),
    script:
        "../../workflow_scripts/inversion_images.py"


# Draws the rise of every filter's activation.
rule inversion_traces:
    input:
        inversions=expand(
            f"{R}/explain/inversion/{{model}}.npz", model=config["inversion"]["models"]
        ),
        code=drawn_by("figures.inversion_traces"),
    output:
        figure=shown(
            f"{R}/figures/inversion_traces.svg", "inversion_traces", "Model inversion"
        ),
    log:
        f"{LOGS}/figures/inversion_traces.log",
    params:
        models=config["inversion"]["models"],
    script:
        "../../workflow_scripts/inversion_traces.py"


# Draws the filters of the first model as every model has them.
rule same_filters:
    input:
        inversions=expand(
            f"{R}/explain/inversion/{{model}}.npz", model=config["inversion"]["models"]
        ),
        code=drawn_by("figures.same_filters"),
    output:
        figure=shown(f"{R}/figures/same_filters.svg", "same_filters", "Model inversion"),
    log:
        f"{LOGS}/figures/same_filters.log",
    params:
        models=config["inversion"]["models"],
    script:
        "../../workflow_scripts/same_filters.py"


# Draws what the filters of all models answer to each class.
rule class_responses:
    input:
        inversions=expand(
            f"{R}/explain/inversion/{{model}}.npz", model=config["inversion"]["models"]
        ),
        index=INDEX,
        index_key=ancient(INDEX_KEY),
        classes=CLASSES,
        code=drawn_by("figures.class_responses"),
    output:
        figure=shown(
            f"{R}/figures/class_responses.svg", "class_responses", "Model inversion"
        ),
    log:
        f"{LOGS}/figures/class_responses.log",
    params:
        models=config["inversion"]["models"],
    script:
        "../../workflow_scripts/class_responses.py"
