#!/usr/bin/env bash
# status.sh JOB: print running, success or failed, without accounting. Snakemake calls it (config.yaml).
# A controller that does not answer, as during a restart, means "running": no job is lost or failed by that.
answer="$(timeout 60 squeue --noheader --states=all --format=%T --jobs="$1" 2>&1)"
state="$(grep -xE -m 1 '[A-Z_]+' <<<"$answer")"
case "$state" in
COMPLETED) echo success ;;
BOOT_FAIL | CANCELLED | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | PREEMPTED | REVOKED | TIMEOUT) echo failed ;;
"")
    case "$answer" in
    *"Invalid job id"*)
        # Slurm has forgotten the job: what it noted at its end counts (submit.sh); killed jobs note nothing.
        if [ "$(cat ".snakemake/slurm/$1" 2>/dev/null)" = 0 ]; then echo success; else echo failed; fi
        ;;
    *) echo running ;;
    esac
    ;;
*) echo running ;;
esac
