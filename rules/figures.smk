# Needs results and tables; makes the figures that every study has. Those of a deliverable stand in deliverables/.


localrules:
    pretext_sheet,
    curves,
    confusion,
    accuracy,
    early_latest,
    leaks,


# Shows a few training images as each pretext task shows them.
rule samples:
    input:
        index=INDEX,
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
    output:
        samples=expand(f"{R}/explain/samples_{{task}}.npz", task=STUDY.pretexts),
    log:
        f"{LOGS}/explain/samples.log",
    params:
        tasks={task: plain(first_of_task(task).options) for task in STUDY.pretexts},
        side=config["image_side"],
        seed=FIRST,
        code=code(
            "scenessl.explain.samples",
            "workflow_scripts/samples.py",
            *(f"scenessl.tasks.{task}" for task in STUDY.pretexts),
        ),
    script:
        "../workflow_scripts/samples.py"


# Draws the labelled samples of a pretext task.
rule pretext_sheet:
    input:
        samples=f"{R}/explain/samples_{{task}}.npz",
        code=drawn_by("figures.pretext_sheet"),
    output:
        figure=shown(f"{R}/figures/pretext_{{task}}.svg", "pretext", "Data"),
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
        figure=shown(f"{R}/figures/curves_{{model}}.svg", "curves", "Training"),
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
        figure=shown(f"{R}/figures/confusion_{{model}}.svg", "confusion", "Accuracy"),
    log:
        f"{LOGS}/figures/confusion_{{model}}.log",
    script:
        "../workflow_scripts/confusion.py"


# Draws the test accuracies of all scene models with their intervals, and how far their probabilities come true.
rule accuracy:
    input:
        accuracies=f"{R}/tables/accuracy.csv",
        reliability=f"{R}/tables/reliability.csv",
        classes=CLASSES,
        code=sources(
            "scenessl.figures.accuracy",
            "scenessl.figures.reliability",
            "workflow_scripts/accuracy.py",
        ),
    output:
        figure=shown(f"{R}/figures/accuracy.svg", "accuracy", "Accuracy"),
        diagrams=shown(f"{R}/figures/reliability.svg", "reliability", "Accuracy"),
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
        figure=shown(f"{R}/figures/early_latest.svg", "early_latest", "Accuracy"),
    log:
        f"{LOGS}/figures/early_latest.log",
    params:
        early=config["roles"].get("early"),
        latest=config["roles"].get("latest"),
    script:
        "../workflow_scripts/early_latest.py"


# Shows test images beside their copies in train.
rule leaks:
    input:
        audit=f"{R}/data/audit.json",
        index=INDEX,
        index_key=ancient(INDEX_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        code=drawn_by("figures.leaks"),
    output:
        figure=shown(f"{R}/figures/leaks.svg", "leaks", "Data"),
    log:
        f"{LOGS}/figures/leaks.log",
    params:
        shown=manifest.LEAKS_SHOWN,
    script:
        "../workflow_scripts/leaks.py"
