# Needs everything before it, predictions and crops too; makes the report as a page that can be explored.


# Makes the thumbnails of the test images, or of a sample of them.
rule thumbnails:
    input:
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        parts=FIRST_PARTS,
        parts_key=ancient(FIRST_PARTS_KEY),
        predictions=runs("predictions.npz", LABELLED, [FIRST]),
        code=sources("scenessl.page.thumbnails", "workflow_scripts/thumbnails.py"),
    output:
        thumbnails=f"{R}/page/thumbnails.json",
    log:
        f"{LOGS}/thumbnails.log",
    script:
        "../workflow_scripts/thumbnails.py"


# Puts the report's sections, data, scripts and styles into one file.
rule page:
    input:
        published=f"{R}/configuration.yaml",
        tables=rules.tables.output.tables,
        figures=FIGURES,
        evidence=EVIDENCE,
        predictions=runs("predictions.npz", seeds=[FIRST]),
        thumbnails=f"{R}/page/thumbnails.json",
        provenance=f"{R}/provenance.json",
        index=INDEX,
        classes=CLASSES,
        crops=CROPS,
        crops_key=ancient(CROPS_KEY),
        audit=f"{R}/data/audit.json",
        templates=page_files(),
        code=sources(
            "scenessl.page.assemble",
            f"scenessl.report.documents.{config['document']}",
            ARCHITECTURE,
            "workflow_scripts/page.py",
        ),
    output:
        html=f"{R}/report/report.html",
    log:
        f"{LOGS}/page.log",
    params:
        root=subpath(input.published, parent=True),
    script:
        "../workflow_scripts/page.py"


# Makes the page of what is there so far; missing parts are named.
rule page_draft:
    input:
        published=f"{R}/configuration.yaml",
        templates=page_files(),
    log:
        f"{LOGS}/page_draft.log",
    params:
        root=subpath(input.published, parent=True),
        html=f"{R}/report/draft.html",
    script:
        "../workflow_scripts/page_draft.py"
