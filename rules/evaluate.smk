# Needs trained models; makes the predictions of every image and view.

PREDICT_NETWORK = code(
    "scenessl.evaluation.predict",
    ARCHITECTURE,
    "workflow_scripts/predict_network.py",
)


# Predicts every image and view with a network, end to end.
rule predict_network:
    input:
        weights=f"{RUN}/weights.safetensors",
        index=INDEX,
        classes=CLASSES,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
    output:
        predictions=f"{RUN}/predictions.npz",
    log:
        f"{LOGS}/predict/{{model}}_seed{{seed}}.log",
    benchmark:
        f"{TIMES}/predict/{{model}}_seed{{seed}}.tsv"
    wildcard_constraints:
        model="|".join(STUDY.networks) or "none",
    priority: 1
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        task=lambda wildcards: model_of(wildcards).task,
        options=lambda wildcards: plain(model_of(wildcards).options),
        code=lambda wildcards: PREDICT_NETWORK
        | code(f"scenessl.tasks.{model_of(wildcards).task}"),
    script:
        "../workflow_scripts/predict_network.py"


# Predicts every image with a classifier on frozen features, from their cache.
rule predict_classifier:
    input:
        weights=f"{RUN}/weights.safetensors",
        features=features_of,
        index=INDEX,
        classes=CLASSES,
        parts=PARTS,
        parts_key=ancient(PARTS_KEY),
    output:
        predictions=f"{RUN}/predictions.npz",
    log:
        f"{LOGS}/predict/{{model}}_seed{{seed}}.log",
    wildcard_constraints:
        model="|".join(STUDY.frozen) or "none",
    priority: 1
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        code=code(
            "scenessl.evaluation.predict", "workflow_scripts/predict_classifier.py"
        ),
    script:
        "../workflow_scripts/predict_classifier.py"
