# Needs nothing but images, or where they will be drawn; counts what the study computes, and tells how long that takes.


# Prints the time that the study will take here, by a short probe; the page shows it beside what was measured.
rule estimate:
    log:
        f"{LOGS}/estimate.log",
    threads: PLAN.threads
    resources:
        **INFERENCE,
        gpu=GPU,
        compute_threads=PLAN.threads,
        device=config["device"],
    params:
        published=PLAN.published,
        root=lambda wildcards: PLAN.data_root,  # a function: braces in a path are no wildcards
        drawn=PLAN.drawn,
        results=R,
        cores=workflow.cores,
        output=f"{TIMES}/estimate.json",
    script:
        "../workflow_scripts/estimate.py"
