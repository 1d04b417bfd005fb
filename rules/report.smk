# Needs everything before it; makes the tables, the report, the submission and the checks at the end.


localrules:
    configuration,
    tables,
    submission,
    checks,


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
        audit=f"{R}/data/audit.json",
        measured=MEASURED,
        code=sources("scenessl.evaluation.tables", "workflow_scripts/tables.py"),
    output:
        tables=[shown(table, "tables", "Tables") for table in TABLES],
    log:
        f"{LOGS}/tables.log",
    params:
        root=subpath(input.audit, ancestor=2),
        published={
            key: PLAN.published[key] for key in ("models", "seeds", "comparisons")
        }
        | {name: PLAN.published.get(name) for name in manifest.MEASURED},
    script:
        "../workflow_scripts/tables.py"


# States versions, hardware, code and the hashes of all results.
rule provenance:
    input:
        results=runs("weights.safetensors")
        + runs("predictions.npz")
        + runs("history.csv")
        + runs("selection.json"),
        parts=expand(f"{R}/data/parts_seed{{seed}}.csv", seed=SEEDS),
        tables=rules.tables.output.tables,
        index=INDEX,
        classes=CLASSES,
        audit=f"{R}/data/audit.json",
        published=f"{R}/configuration.yaml",
        code=sources("scenessl.report.provenance", "workflow_scripts/provenance.py"),
    output:
        provenance=f"{R}/provenance.json",
    log:
        f"{LOGS}/provenance.log",
    resources:
        device=config["device"],
        compute_threads=PLAN.threads,
    params:
        root=subpath(input.published, parent=True),
    script:
        "../workflow_scripts/provenance.py"


# Renders the report, every number read from a results file.
rule report:
    input:
        published=f"{R}/configuration.yaml",
        tables=rules.tables.output.tables,
        figures=FIGURES,
        evidence=EVIDENCE,
        provenance=f"{R}/provenance.json",
        index=INDEX,
        classes=CLASSES,
        audit=f"{R}/data/audit.json",
        templates=template_files(),
        code=sources(
            "scenessl.report.render",
            f"scenessl.report.documents.{config['document']}",
            ARCHITECTURE,
            "workflow_scripts/report.py",
        ),
    output:
        pdf=shown(f"{R}/report/report.pdf", "report", "Report"),
    log:
        f"{LOGS}/report.log",
    params:
        root=subpath(input.published, parent=True),
    script:
        "../workflow_scripts/report.py"


# Renders what is there so far; missing parts are named.
rule draft:
    input:
        published=f"{R}/configuration.yaml",
        templates=template_files(),
    log:
        f"{LOGS}/draft.log",
    params:
        root=subpath(input.published, parent=True),
        pdf=f"{R}/report/draft.pdf",
    script:
        "../workflow_scripts/draft.py"


# Packs report, code as it stands, tables and predictions for handing in.
rule submission:
    input:
        pdf=f"{R}/report/report.pdf",
        provenance=f"{R}/provenance.json",
        code=project_files(Path(workflow.basedir)),
    output:
        zip=f"{R}/report/{{submission}}.zip",
    log:
        f"{LOGS}/submission_{{submission}}.log",
    params:
        root=subpath(input.provenance, parent=True),
    script:
        "../workflow_scripts/submission.py"


# Checks that everything asked for is there, opens and agrees with the stored results.
rule checks:
    input:
        pdf=f"{R}/report/report.pdf",
        page=f"{R}/report/report.html",
        provenance=f"{R}/provenance.json",
        zip=submission_files(),
        figures=FIGURES,
        tables=rules.tables.output.tables,
        templates=template_files(),
        code=sources(
            "scenessl.report.deliverables",
            "scenessl.report.render",
            f"scenessl.report.documents.{config['document']}",
            "workflow_scripts/checks.py",
        ),
    output:
        checks=f"{R}/report/checks.json",
    log:
        f"{LOGS}/checks.log",
    params:
        root=subpath(input.provenance, parent=True),
    script:
        "../workflow_scripts/checks.py"
