# Trajectory: needs the weights of a pretext's epochs; makes what they are worth and how far they move, and its chart.


localrules:
    trajectory_chart,


# Follows one pretext through its epochs, for one seed.
rule trajectory:
    input:
        epochs=f"{RUN}/epochs.safetensors",
        cached=lambda wildcards: cached_along(wildcards).values(),
        index=INDEX,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        trajectory=f"{R}/trajectory/{{model}}_seed{{seed}}.npz",
    log:
        f"{LOGS}/trajectory/{{model}}_seed{{seed}}.log",
    benchmark:
        f"{TIMES}/trajectory/{{model}}_seed{{seed}}.tsv"
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        cached=lambda wildcards: list(cached_along(wildcards)),
        epochs=config["trajectory"]["epochs"],
        images=config["trajectory"]["images"],
        code=code(
            "scenessl.evaluation.trajectory",
            ARCHITECTURE,
            "workflow_scripts/trajectory.py",
        ),
    script:
        "../../workflow_scripts/trajectory.py"


# Draws accuracy, similarity and weight distance along all pretexts.
rule trajectory_chart:
    input:
        trajectory=f"{R}/tables/trajectory.csv",
        similarity=f"{R}/tables/similarity.csv",
        classes=CLASSES,
        code=sources(
            "scenessl.figures.trajectory", "workflow_scripts/trajectory_chart.py"
        ),
    output:
        figure=shown(f"{R}/figures/trajectory.svg", "trajectory", "Training"),
    log:
        f"{LOGS}/figures/trajectory.log",
    script:
        "../../workflow_scripts/trajectory_chart.py"
