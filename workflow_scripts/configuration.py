"""Write the published configuration."""

import yaml

from scenessl.files import write_text
from scenessl.joblog import job

with job(snakemake.log[0]):
    write_text(
        snakemake.output.published, yaml.safe_dump(snakemake.params.published, sort_keys=False, allow_unicode=True)
    )
