# Repeats: needs the cached features of frozen models; makes their classifiers again with further seeds.


# Trains the classifiers of all listed models anew on the first seed's features, with that seed and those after it.
rule repeats:
    input:
        features=[
            features_file(STUDY.models[name].start, FIRST)
            for name in config["repeats"]["models"]
        ],
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
    output:
        predictions=f"{R}/repeats/seed{FIRST}.npz",
    log:
        f"{LOGS}/repeats/seed{FIRST}.log",
    benchmark:
        f"{TIMES}/repeats/seed{FIRST}.tsv"
    resources:
        **REPEATING,
        compute_threads=1,
    params:
        settings={
            name: plain(STUDY.models[name].settings)
            for name in config["repeats"]["models"]
        },
        seeds=list(range(FIRST, FIRST + config["repeats"]["seeds"])),
        code=code("scenessl.training.repeats", "workflow_scripts/repeats.py"),
        state=f"{R}/.state/repeats/seed{FIRST}",
    script:
        "../../workflow_scripts/repeats.py"
