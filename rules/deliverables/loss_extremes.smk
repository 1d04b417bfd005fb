# Loss extremes: needs models and their predictions; makes the training views that a model finds easiest and hardest.


localrules:
    loss_extremes_sheet,


EXTREMES = code("scenessl.explain.loss_extremes", "workflow_scripts/loss_extremes.py")


# Finds the training views with the lowest and the largest loss.
rule loss_extremes:
    input:
        predictions=f"{FIRST_RUN}/predictions.npz",
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        extremes=f"{R}/explain/loss_extremes/{{model}}.npz",
    log:
        f"{LOGS}/explain/loss_extremes_{{model}}.log",
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        task=lambda wildcards: model_of(wildcards).task,
        options=lambda wildcards: plain(model_of(wildcards).options),
        images=config["loss_extremes"]["images"],
        seed=FIRST,
        code=lambda wildcards: EXTREMES
        | code(f"scenessl.tasks.{model_of(wildcards).task}"),
    script:
        "../../workflow_scripts/loss_extremes.py"


# Draws those views with their losses, true and predicted answers.
rule loss_extremes_sheet:
    input:
        extremes=f"{R}/explain/loss_extremes/{{model}}.npz",
        code=sources(
            "scenessl.figures.loss_extremes", "workflow_scripts/loss_extremes_sheet.py"
        ),
    output:
        figure=shown(
            f"{R}/figures/loss_extremes_{{model}}.svg", "loss_extremes", "Features"
        ),
    log:
        f"{LOGS}/figures/loss_extremes_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["loss_extremes"]["models"]),
    script:
        "../../workflow_scripts/loss_extremes_sheet.py"
