# Needs everything before it; makes the tables, the report, the submission and the checks at the end.

# Writes the configuration as report and submission show it: resolved, without device and local paths.
rule configuration:
    output:
        published=f"{R}/configuration.yaml",
    log:
        f"{LOGS}/configuration.log",
    params:
        published=PLAN.published,
        code=code("workflow_scripts/configuration.py"),
    script:
        "../workflow_scripts/configuration.py"


# Computes every table from the stored predictions and histories.
rule tables:
    input:
        predictions=runs("predictions.npz"),
        histories=runs("history.csv"),
        selections=runs("selection.json"),
        audit=AUDIT,
        published=f"{R}/configuration.yaml",
        code=sources("scenessl.evaluation.tables", "workflow_scripts/tables.py"),
    output:
        tables=expand(f"{R}/tables/{{table}}", table=TABLES),
    log:
        f"{LOGS}/tables.log",
    params:
        root=R,
        data=PLAN.data_hash,
    script:
        "../workflow_scripts/tables.py"
