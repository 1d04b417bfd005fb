# Filters: needs models; makes the kernels of some convolutions, scored by kind, and their pictures.


localrules:
    filter_sheet,
    filter_kinds,


# Scores the filters of the named convolutions and picks the best of each kind.
rule filters:
    input:
        weights=f"{FIRST_RUN}/weights.safetensors",
    output:
        filters=f"{R}/explain/filters/{{model}}.npz",
    log:
        f"{LOGS}/explain/filters_{{model}}.log",
    resources:
        compute_threads=PLAN.threads,
    params:
        layers=config["filters"]["layers"],
        shown=config["filters"]["shown"],
        code=code(
            "scenessl.explain.filters", ARCHITECTURE, "workflow_scripts/filters.py"
        ),
    script:
        "../../workflow_scripts/filters.py"


# Draws all filters of one convolution.
rule filter_sheet:
    input:
        filters=f"{R}/explain/filters/{{model}}.npz",
        code=sources("scenessl.figures.filters", "workflow_scripts/filter_sheet.py"),
    output:
        figure=shown(
            f"{R}/figures/filters_{{model}}_{{layer}}.svg", "filters", "Filters"
        ),
    log:
        f"{LOGS}/figures/filters_{{model}}_{{layer}}.log",
    wildcard_constraints:
        model="|".join(config["filters"]["models"]),
        layer=r"\d+",
    script:
        "../../workflow_scripts/filter_sheet.py"


# Draws the picked filters with what they are.
rule filter_kinds:
    input:
        filters=f"{R}/explain/filters/{{model}}.npz",
        code=drawn_by("figures.filter_kinds"),
    output:
        figure=shown(
            f"{R}/figures/filter_kinds_{{model}}.svg", "filter_kinds", "Filters"
        ),
    log:
        f"{LOGS}/figures/filter_kinds_{{model}}.log",
    wildcard_constraints:
        model="|".join(config["filters"]["models"]),
    script:
        "../../workflow_scripts/filter_kinds.py"
