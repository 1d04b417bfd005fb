# Embedding: needs the cached features of models; makes t-SNE maps (van der Maaten and Hinton 2008) of test images. One
# job for all models, since PyTorch and scikit-learn take about as long to start as a map does.


localrules:
    embedding_map,


# Maps the features that every model has of some test images to the plane, and measures how far the classes are apart.
rule embedding:
    input:
        features=features_of_models(config["embedding"]["models"]),
        index=INDEX,
        classes=CLASSES,
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
    output:
        embeddings=expand(
            f"{R}/explain/embedding/{{model}}.npz", model=config["embedding"]["models"]
        ),
    log:
        f"{LOGS}/explain/embedding.log",
    resources:
        **INFERENCE,
        compute_threads=1,
    params:
        counts=config["embedding"]["images"],
        perplexity=config["embedding"]["perplexity"],
        seed=FIRST,
        code=code("scenessl.explain.embedding", "workflow_scripts/embedding.py"),
    script:
        "../../workflow_scripts/embedding.py"


# Draws the maps of one model, the points coloured by class.
rule embedding_map:
    input:
        embedding=f"{R}/explain/embedding/{{model}}.npz",
        classes=CLASSES,
        code=sources("scenessl.figures.embedding", "workflow_scripts/embedding_map.py"),
    output:
        figure=shown(f"{R}/figures/embedding_{{model}}.svg", "embedding", "Features"),
    log:
        f"{LOGS}/figures/embedding_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["embedding"]["models"]),
    script:
        "../../workflow_scripts/embedding_map.py"
