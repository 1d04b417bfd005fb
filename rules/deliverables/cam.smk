# Class activation maps (Zhou et al. 2016): needs models and their predictions; makes maps and grids.


localrules:
    cam_grid,


CAM = code("scenessl.explain.cam", ARCHITECTURE, "workflow_scripts/cam.py")
CAM_CLASSIFIERS = [
    name for name in config["cam"]["models"] if STUDY.models[name].task == "scenes"
]


# Makes the maps of one model; which images and classes, the models that know the classes decide together.
rule cam:
    input:
        weights=f"{FIRST_RUN}/weights.safetensors",
        predictions=f"{FIRST_RUN}/predictions.npz",
        choice_predictions=runs("predictions.npz", CAM_CLASSIFIERS, [FIRST]),
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        cam=f"{R}/explain/cam/{{model}}.npz",
    log:
        f"{LOGS}/explain/cam_{{model}}.log",
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        task=lambda wildcards: model_of(wildcards).task,
        options=lambda wildcards: plain(model_of(wildcards).options),
        models=CAM_CLASSIFIERS,
        classes=config["cam"]["classes"],
        seed=FIRST,
        code=lambda wildcards: CAM | code(f"scenessl.tasks.{model_of(wildcards).task}"),
    script:
        "../../workflow_scripts/cam.py"


# Draws the maps of one model over the images that it was shown.
rule cam_grid:
    input:
        cam=f"{R}/explain/cam/{{model}}.npz",
        code=sources("scenessl.figures.cam", "workflow_scripts/cam_grid.py"),
    output:
        figure=shown(f"{R}/figures/cam_{{model}}.svg", "cam", "Class activation maps"),
    log:
        f"{LOGS}/figures/cam_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["cam"]["models"]),
    params:
        colour_map=config["cam"]["colour_map"],
    script:
        "../../workflow_scripts/cam_grid.py"
