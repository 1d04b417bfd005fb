"""From images to the report: one study, planned from its configuration."""

from snakemake.utils import min_version

min_version("9.20")


# A --configfile replaces the main study; Snakemake alone would merge the two.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


include: "rules/study.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/page.smk"


# What the study asks for beside models and tables, one file each.
for name in ASKED:

    include: f"rules/deliverables/{name}.smk"


localrules:
    all,


# The report, its checks and, if asked for, the submission.
rule all:
    default_target: True
    input:
        deliverables(),
