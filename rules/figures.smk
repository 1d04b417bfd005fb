# Needs results and tables; makes the figures. Each reruns when the content of a file it is drawn by changes.


# Draws the labelled samples of a pretext task.
rule pretext_sheet:
    input:
        samples=f"{R}/explain/samples_{{task}}.npz",
        code=drawn_by("figures.pretext_sheet"),
    output:
        figure=f"{R}/figures/pretext_{{task}}.svg",
    log:
        f"{LOGS}/figures/pretext_{{task}}.log",
    script:
        "../workflow_scripts/pretext_sheet.py"


# Draws loss and accuracy of a model against the epoch.
rule curves:
    input:
        histories=lambda wildcards: runs("history.csv", [wildcards.model]),
        selections=lambda wildcards: runs("selection.json", [wildcards.model]),
        code=drawn_by("figures.curves"),
    output:
        figure=f"{R}/figures/curves_{{model}}.svg",
    log:
        f"{LOGS}/figures/curves_{{model}}.log",
    params:
        validation_name=(
            "test" if config["validation"]["value"] == "test" else "validation"
        ),
    script:
        "../workflow_scripts/curves.py"


# Draws the confusion matrix of a model on the test part, all seeds together.
rule confusion:
    input:
        predictions=lambda wildcards: runs("predictions.npz", [wildcards.model]),
        code=drawn_by("figures.confusion"),
    output:
        figure=f"{R}/figures/confusion_{{model}}.svg",
    log:
        f"{LOGS}/figures/confusion_{{model}}.log",
    script:
        "../workflow_scripts/confusion.py"


# Draws the test accuracies of all scene models with their intervals.
rule accuracy:
    input:
        accuracies=f"{R}/tables/accuracy.csv",
        classes=CLASSES,
        code=drawn_by("figures.accuracy"),
    output:
        figure=f"{R}/figures/accuracy.svg",
    log:
        f"{LOGS}/figures/accuracy.log",
    script:
        "../workflow_scripts/accuracy.py"


# Draws validation and test accuracy after an early and after the latest pretext epoch.
rule early_latest:
    input:
        accuracies=f"{R}/tables/accuracy.csv",
        code=drawn_by("figures.early_latest"),
    output:
        figure=f"{R}/figures/early_latest.svg",
    log:
        f"{LOGS}/figures/early_latest.log",
    params:
        early=config["roles"].get("early"),
        latest=config["roles"].get("latest"),
    script:
        "../workflow_scripts/early_latest.py"


# Draws the Score-CAM grid of one model, images by layers.
rule scorecam_grid:
    input:
        maps=f"{R}/explain/scorecam/{{model}}.npz",
        crops=CROPS,
        choice=f"{R}/explain/choice.json",
        code=sources("scenessl.figures.scorecam", "workflow_scripts/scorecam_grid.py"),
    output:
        figure=f"{R}/figures/scorecam_{{model}}.svg",
    log:
        f"{LOGS}/figures/scorecam_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["explain"]["models"]),
    params:
        colour_map=config["explain"]["colour_map"],
        data=PLAN.data_hash,
    script:
        "../workflow_scripts/scorecam_grid.py"


# Draws the Score-CAM maps of all compared models side by side.
rule scorecam_comparison:
    input:
        maps=expand(
            f"{R}/explain/scorecam/{{model}}.npz", model=config["explain"]["models"]
        ),
        crops=CROPS,
        choice=f"{R}/explain/choice.json",
        code=drawn_by("figures.scorecam_comparison"),
    output:
        figure=f"{R}/figures/scorecam_comparison.svg",
    log:
        f"{LOGS}/figures/scorecam_comparison.log",
    params:
        models=config["explain"]["models"],
        colour_map=config["explain"]["colour_map"],
        data=PLAN.data_hash,
    script:
        "../workflow_scripts/scorecam_comparison.py"


# Draws the synthetic images of one model.
rule inversion_images:
    input:
        inversion=f"{R}/explain/inversion/{{model}}.npz",
        code=sources(
            "scenessl.figures.inversion", "workflow_scripts/inversion_images.py"
        ),
    output:
        figure=f"{R}/figures/inversion_{{model}}.svg",
    log:
        f"{LOGS}/figures/inversion_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["inversion"]["models"]),
    script:
        "../workflow_scripts/inversion_images.py"


# Draws the rise of every filter's activation.
rule inversion_traces:
    input:
        inversions=expand(
            f"{R}/explain/inversion/{{model}}.npz", model=config["inversion"]["models"]
        ),
        code=drawn_by("figures.inversion_traces"),
    output:
        figure=f"{R}/figures/inversion_traces.svg",
    log:
        f"{LOGS}/figures/inversion_traces.log",
    params:
        models=config["inversion"]["models"],
    script:
        "../workflow_scripts/inversion_traces.py"
