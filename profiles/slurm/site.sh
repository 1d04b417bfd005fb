# What a site edits, and nothing else. An example, for a cluster whose `sinfo -s` lists `standard` and `gpu_a100`:
#   PARTITION=standard  GPU_PARTITION=gpu_a100  GPU_REQUEST=--gres=gpu:a100:1  ACCOUNT=vision-lab
#   NODE_CACHE='/local/$USER'
# shellcheck shell=bash disable=SC2016,SC2034

# Where jobs run; empty: the cluster's default partition.
PARTITION=
# Where jobs with a GPU run; empty: as the others.
GPU_PARTITION=
# How this cluster wants one GPU asked for: --gpus=1, --gres=gpu:1, --gres=gpu:a100:1, …
GPU_REQUEST=--gpus=1
# Whom the time is charged to; empty: your default account.
ACCOUNT=
# A folder on each node's own disk that keeps the images' pixels, in single quotes: variables are the node's; empty: none.
NODE_CACHE=
