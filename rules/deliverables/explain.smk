# Score-CAM (Wang et al. 2020): needs compared models and their predictions; makes the choice of images, maps and grids.


localrules:
    choice,
    scorecam_grid,
    scorecam_comparison,


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
        sampled=config["explain"]["sample"],
        seed=FIRST,
        code=code("scenessl.explain.choice", "workflow_scripts/choice.py"),
    script:
        "../../workflow_scripts/choice.py"


# Makes one Score-CAM map per chosen image and layer, and one per sampled image at the highest layer.
rule scorecam:
    input:
        weights=f"{FIRST_RUN}/weights.safetensors",
        pretext=own_pretext,
        choice=f"{R}/explain/choice.json",
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        maps=f"{R}/explain/scorecam/{{model}}.npz",
    log:
        f"{LOGS}/explain/scorecam_{{model}}.log",
    benchmark:
        f"{TIMES}/scorecam/{{model}}.tsv"
    priority: 1
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
        batch=config["explain"]["batch_size"] or 0,
    params:
        layers=config["explain"]["layers"],
        variant=config["explain"]["variant"],
        switches=plain(config["explain"]["switches"]),
        code=code("scenessl.explain.maps", ARCHITECTURE, "workflow_scripts/scorecam.py"),
        state=f"{R}/.state/scorecam/{{model}}",
    script:
        "../../workflow_scripts/scorecam.py"


# Draws the Score-CAM grid of one model, images by layers.
rule scorecam_grid:
    input:
        maps=f"{R}/explain/scorecam/{{model}}.npz",
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        choice=f"{R}/explain/choice.json",
        code=sources("scenessl.figures.scorecam", "workflow_scripts/scorecam_grid.py"),
    output:
        figure=shown(f"{R}/figures/scorecam_{{model}}.svg", "scorecam", "Score-CAM"),
    log:
        f"{LOGS}/figures/scorecam_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["explain"]["models"]),
    params:
        colour_map=config["explain"]["colour_map"],
    script:
        "../../workflow_scripts/scorecam_grid.py"


# Draws the Score-CAM maps of all compared models side by side, each divided by its own maximum or by a shared one.
rule scorecam_comparison:
    input:
        maps=expand(
            f"{R}/explain/scorecam/{{model}}.npz", model=config["explain"]["models"]
        ),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        choice=f"{R}/explain/choice.json",
        code=drawn_by("figures.scorecam_comparison"),
    output:
        figure=shown(
            f"{R}/figures/scorecam_{{scaling}}.svg", "scorecam_comparison", "Score-CAM"
        ),
    log:
        f"{LOGS}/figures/scorecam_{{scaling}}.log",
    wildcard_constraints:
        scaling="comparison|shared",
    params:
        models=config["explain"]["models"],
        colour_map=config["explain"]["colour_map"],
    script:
        "../../workflow_scripts/scorecam_comparison.py"
