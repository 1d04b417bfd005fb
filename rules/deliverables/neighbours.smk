# Neighbours: needs the cached features of models; makes the nearest training images of some test images. One job for all
# models: it computes for less time than PyTorch takes to start, and the sheet needs them all.


localrules:
    neighbours_sheet,


# Finds the nearest training images in every model's features, and how often they are of the right class over all test images.
rule neighbours:
    input:
        features=features_of_models(config["neighbours"]["models"]),
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
    output:
        neighbours=expand(
            f"{R}/explain/neighbours/{{model}}.npz",
            model=config["neighbours"]["models"],
        ),
    log:
        f"{LOGS}/explain/neighbours.log",
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        images=config["neighbours"]["images"],
        neighbours=config["neighbours"]["neighbours"],
        seed=FIRST,
        code=code("scenessl.explain.neighbours", "workflow_scripts/neighbours.py"),
    script:
        "../../workflow_scripts/neighbours.py"


# Draws the neighbours of all models side by side.
rule neighbours_sheet:
    input:
        neighbours=rules.neighbours.output.neighbours,
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        code=sources(
            "scenessl.figures.neighbours", "workflow_scripts/neighbours_sheet.py"
        ),
    output:
        figure=shown(f"{R}/figures/neighbours.svg", "neighbours", "Features"),
    log:
        f"{LOGS}/figures/neighbours.log",
    params:
        models=config["neighbours"]["models"],
    script:
        "../../workflow_scripts/neighbours_sheet.py"
