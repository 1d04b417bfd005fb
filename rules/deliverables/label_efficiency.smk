# Label efficiency: needs the cached features of starts; makes classifiers on few labels, and their chart.


localrules:
    label_chart,


# Classifies with few labels on the cached features of all starts, for one seed.
rule label_efficiency:
    input:
        features=lambda wildcards: [
            features_file(Start.parse(start, "label_efficiency"), wildcards.seed)
            for start in config["label_efficiency"]["starts"]
        ],
        index=INDEX,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
    output:
        predictions=f"{R}/label_efficiency/seed{{seed}}.npz",
    log:
        f"{LOGS}/label_efficiency/seed{{seed}}.log",
    benchmark:
        f"{TIMES}/label_efficiency/seed{{seed}}.tsv"
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        starts=config["label_efficiency"]["starts"],
        labels=config["label_efficiency"]["labels"],
        draws=config["label_efficiency"]["draws"],
        code=code(
            "scenessl.evaluation.label_efficiency",
            "workflow_scripts/label_efficiency.py",
        ),
    script:
        "../../workflow_scripts/label_efficiency.py"


# Draws test accuracy against the number of labels.
rule label_chart:
    input:
        accuracies=f"{R}/tables/label_efficiency.csv",
        classes=CLASSES,
        code=sources(
            "scenessl.figures.label_efficiency", "workflow_scripts/label_chart.py"
        ),
    output:
        figure=shown(
            f"{R}/figures/label_efficiency.svg", "label_efficiency", "Accuracy"
        ),
    log:
        f"{LOGS}/figures/label_efficiency.log",
    script:
        "../../workflow_scripts/label_chart.py"
