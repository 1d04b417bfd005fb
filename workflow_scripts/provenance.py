"""State versions, hardware, code and the hashes of all results."""

from pathlib import Path

from scenessl.joblog import job

with job(snakemake.log[0]):
    from scenessl.models.device import choose_device, device_name
    from scenessl.report.provenance import cpu_model, write_provenance

    device = choose_device(snakemake.resources.device)
    write_provenance(
        snakemake.output.provenance,
        root=snakemake.params.root,
        project=Path.cwd(),
        machine={
            "cpu": cpu_model(),
            "device": device.type,
            "device_name": device_name(device),
            "threads": snakemake.resources.compute_threads,
        },
    )
