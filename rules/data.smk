# Needs the folder of images (or draws them); makes the index, its audit, the parts of each seed and the decoded crops.


# Local rules run where Snakemake does: what downloads, and what takes seconds. None of them imports torch.
localrules:
    parts,


if PLAN.drawn:

    # Draws the embedded data set.
    rule draw:
        output:
            directory(f"{R}/data/drawn"),
        log:
            f"{LOGS}/draw.log",
        params:
            settings=plain(PLAN.drawn),
            code=code("scenessl.data.drawn", "workflow_scripts/draw.py"),
        script:
            "../workflow_scripts/draw.py"


if PLAN.fetched:

    localrules:
        fetch,

    # Checks that torchvision's CIFAR-10 is there; downloads it if the configuration allows that.
    rule fetch:
        output:
            record=f"{R}/data/cifar10.json",
        log:
            f"{LOGS}/fetch.log",
        params:
            folder=lambda wildcards: PLAN.fetched["folder"],
            download=PLAN.fetched["download"],
            code=code("scenessl.data.download", "workflow_scripts/fetch.py"),
        script:
            "../workflow_scripts/fetch.py"


# Lists, hashes and decodes every image once, and audits what was found.
rule index:
    input:
        drawn=f"{R}/data/drawn" if PLAN.drawn else [],
        fetched=ancient(f"{R}/data/cifar10.json") if PLAN.fetched else [],
    output:
        index=f"{R}/data/index.csv",
        classes=f"{R}/data/classes.json",
        audit=f"{R}/data/audit.json",
        source=f"{R}/data/source.json",
        key=INDEX_KEY,
    log:
        f"{LOGS}/index.log",
    threads: min(workflow.cores, DECODING)
    params:
        root=lambda wildcards: PLAN.data_root,  # a function: braces in a path are no wildcards
        kind=PLAN.data_kind,
        hash=PLAN.data_hash,
        unreadable=config["unreadable_images"],
        code=code("scenessl.data.index", "workflow_scripts/index.py"),
    script:
        "../workflow_scripts/index.py"


# Draws the validation part of a seed.
rule parts:
    input:
        index=INDEX,
        index_key=ancient(INDEX_KEY),
    output:
        parts=f"{R}/data/parts_seed{{seed}}.csv",
        key=PARTS_KEY,
    log:
        f"{LOGS}/parts_seed{{seed}}.log",
    params:
        share=config["validation"]["value"],
        code=code("scenessl.data.parts", "workflow_scripts/parts.py"),
    script:
        "../workflow_scripts/parts.py"


# Decodes every image to the square crop that all models and seeds share.
rule crops:
    input:
        index=INDEX,
        classes=CLASSES,
        source=ancient(f"{R}/data/source.json"),
        index_key=ancient(INDEX_KEY),
    output:
        crops=f"{R}/data/crops.npy",
        key=CROPS_KEY,
    log:
        f"{LOGS}/crops.log",
    threads: min(workflow.cores, DECODING)
    params:
        side=config["image_side"],
        transform=config["transform"],
        code=code("scenessl.data.cache", "workflow_scripts/crops.py"),
    script:
        "../workflow_scripts/crops.py"
