# Neighbours: needs the cached features of models; makes the nearest training images of some test images.


localrules:
    neighbours_sheet,


# Finds the nearest training images, and how often they are of the right class over all test images.
rule neighbours:
    input:
        features=features_of_model,
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
    output:
        neighbours=f"{R}/explain/neighbours/{{model}}.npz",
    log:
        f"{LOGS}/explain/neighbours_{{model}}.log",
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
        neighbours=expand(
            f"{R}/explain/neighbours/{{model}}.npz",
            model=config["neighbours"]["models"],
        ),
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
