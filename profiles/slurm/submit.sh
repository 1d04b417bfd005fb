#!/usr/bin/env bash
# submit.sh LOGS NAME THREADS MEGABYTES MINUTES GPUS [WILDCARDS] JOBSCRIPT: hand a job to Slurm and print its number.
# Snakemake calls it (config.yaml). Waits as long as no controller answers, so that a restart costs no attempt.
set -euo pipefail
source "$(dirname "$0")/site.sh"

logs="$1/slurm" name="$2" threads="$3" megabytes="$4" minutes="$5" gpus="$6"
jobscript="${*: -1}"
wildcards="${*:7:$#-7}" # model=rotation,seed=0
mkdir -p "$logs" .snakemake/slurm

# features-rotation-0-17.log
log="$(sed -E 's/[a-z_]+=//g; s|[ ,/]+|-|g; s/-$//' <<<"$name,$wildcards")"

options=(--job-name="$name" --output="$logs/$log-%j.log"
    --comment="${wildcards:-$name}" --cpus-per-task="$threads" --mem="$megabytes" --time="$minutes" --no-requeue)
partition="$PARTITION"
if [ "$gpus" -gt 0 ]; then
    partition="${GPU_PARTITION:-$PARTITION}"
    read -ra request <<<"$GPU_REQUEST"
    options+=("${request[@]}")
fi
if [ -n "$partition" ]; then options+=(--partition="$partition"); fi
if [ -n "$ACCOUNT" ]; then options+=(--account="$ACCOUNT"); fi

# The job, which at its end notes how: Slurm forgets jobs after some minutes, and status.sh may come later than that.
job() {
    printf '#!/bin/bash\n'
    if [ -n "$NODE_CACHE" ]; then printf 'export SCENESSL_CACHE="%s"\n' "$NODE_CACHE"; fi
    printf '(\n%s\n)\n' "$(cat "$jobscript")"
    printf 'ended=$?\necho $ended >.snakemake/slurm/$SLURM_JOB_ID\nexit $ended\n'
}

until answer="$(job | sbatch --parsable "${options[@]}" 2>&1)"; do
    case "$answer" in
    *"Unable to contact"* | *"Socket timed out"* | *"onnection refused"*) sleep 10 ;;
    *)
        echo "$name: sbatch refused: $answer" >&2
        exit 1
        ;;
    esac
done
# "12" or "12;cluster", last of what sbatch printed
answer="${answer##*$'\n'}"
echo "${answer%%;*}"
