# Probes: needs weights; makes linear and nearest-neighbour classifiers on every feature block, and their chart.


localrules:
    probe_chart,


# Fits the probes of one start, for one seed.
rule probes:
    input:
        start=lambda wildcards: start_file(
            Start.parse(wildcards.start, "probes"), wildcards.seed
        ),
        index=INDEX,
        classes=CLASSES,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        probes=f"{R}/probes/{{start}}_seed{{seed}}.npz",
    log:
        f"{LOGS}/probes/{{start}}_seed{{seed}}.log",
    benchmark:
        f"{TIMES}/probes/{{start}}_seed{{seed}}.tsv"
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        epoch=lambda wildcards: Start.parse(wildcards.start, "probes").epoch,
        knn=config["probes"]["knn"],
        temperature=config["probes"]["temperature"],
        code=code(
            "scenessl.evaluation.probes", ARCHITECTURE, "workflow_scripts/probes.py"
        ),
    script:
        "../../workflow_scripts/probes.py"


# Draws the test accuracy of every probe by block.
rule probe_chart:
    input:
        probes=f"{R}/tables/probes.csv",
        classes=CLASSES,
        code=sources("scenessl.figures.probes", "workflow_scripts/probe_chart.py"),
    output:
        figure=shown(f"{R}/figures/probes.svg", "probes", "Accuracy"),
    log:
        f"{LOGS}/figures/probes.log",
    script:
        "../../workflow_scripts/probe_chart.py"
