"""From images to the report: one study, planned from its configuration."""

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from scenessl.errors import UserError
from scenessl.study.texts import demand_configurations

min_version("9.20")

# What Snakemake passes over in a configuration's text, such as a key that stands twice.
try:
    demand_configurations(workflow.overwrite_configfiles or ["config.yaml"])
except UserError as error:
    raise WorkflowError(str(error)) from None


# A --configfile replaces the main study; Snakemake alone would merge the two.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "rules/captions/overview.rst"


include: "rules/study.smk"
include: "rules/resources.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/page.smk"
include: "rules/estimate.smk"


# What the study asks for beside models and tables, one file each.
for name in ASKED:

    include: f"rules/deliverables/{name}.smk"


localrules:
    all,


# The report, its checks and, if asked for, the submission.
rule all:
    default_target: True
    input:
        finished_files(),
