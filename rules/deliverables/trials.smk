# Trials: needs a model's start; makes its training again with single settings replaced, judged on validation images.


localrules:
    ablations,


# Trains a network with each of some settings replaced, in short or in full.
rule try_network:
    input:
        start=lambda wildcards: start_file(model_of(wildcards).start, FIRST),
        precision=precision_of,
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        trials=f"{R}/trials/{{form}}/{{model}}.npz",
    log:
        f"{LOGS}/trials/{{form}}_{{model}}.log",
    benchmark:
        f"{TIMES}/trials/{{form}}_{{model}}.tsv"
    wildcard_constraints:
        model="|".join(STUDY.networks) or "none",
        form=f"{SHORT}|{FULL}",
    threads: PLAN.threads
    resources:
        **TRIALLING,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        task=lambda wildcards: model_of(wildcards).task,
        options=lambda wildcards: plain(model_of(wildcards).options),
        settings=kept_settings,
        trials=lambda wildcards: TRIALS[wildcards.form, wildcards.model],
        inputs=trial_bound("inputs"),
        epochs=trial_bound("epochs"),
        validation=PLAN.published["trials"]["validation"],
        seed=FIRST,
        epoch=lambda wildcards: model_of(wildcards).start.epoch,
        code=lambda wildcards: code(
            "scenessl.training.trials",
            ARCHITECTURE,
            "workflow_scripts/try_network.py",
            f"scenessl.tasks.{model_of(wildcards).task}",
        ),
        state=f"{R}/.state/trials/{{form}}_{{model}}",
    script:
        "../../workflow_scripts/try_network.py"


# Trains a classifier on cached features with each of some settings replaced.
rule try_classifier:
    input:
        features=lambda wildcards: features_file(model_of(wildcards).start, FIRST),
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
    output:
        trials=f"{R}/trials/{FULL}/{{model}}.npz",
    log:
        f"{LOGS}/trials/{{model}}.log",
    benchmark:
        f"{TIMES}/trials/{{model}}.tsv"
    wildcard_constraints:
        model="|".join(STUDY.frozen) or "none",
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        settings=kept_settings,
        trials=lambda wildcards: TRIALS[FULL, wildcards.model],
        validation=PLAN.published["trials"]["validation"],
        seed=FIRST,
        code=code("scenessl.training.trials", "workflow_scripts/try_classifier.py"),
        state=f"{R}/.state/trials/{{model}}",
    script:
        "../../workflow_scripts/try_classifier.py"


# Trains in full with each strategy switched off: hours, and no part of `all` unless `trials: {full: true}` says so.
rule ablations:
    input:
        [f"{R}/trials/{form}/{name}.npz" for form, name in TRIALS if form == FULL],
