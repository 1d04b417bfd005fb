# Loss extremes: needs models and their predictions; makes the training views that a model finds easiest and hardest. One
# job for all models: it computes for less time than PyTorch takes to start.


localrules:
    loss_extremes_sheet,


EXTREMES = {name: STUDY.models[name] for name in config["loss_extremes"]["models"]}


# Finds the training views with the lowest and the largest loss of every model.
rule loss_extremes:
    input:
        predictions=runs("predictions.npz", EXTREMES, [FIRST]),
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        extremes=expand(f"{R}/explain/loss_extremes/{{model}}.npz", model=EXTREMES),
    log:
        f"{LOGS}/explain/loss_extremes.log",
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        tasks=[model.task for model in EXTREMES.values()],
        options=[plain(model.options) for model in EXTREMES.values()],
        images=config["loss_extremes"]["images"],
        seed=FIRST,
        code=code(
            "scenessl.explain.loss_extremes",
            "workflow_scripts/loss_extremes.py",
            *(f"scenessl.tasks.{model.task}" for model in EXTREMES.values()),
        ),
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
        model="|".join(EXTREMES),
    script:
        "../../workflow_scripts/loss_extremes_sheet.py"
