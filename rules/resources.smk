# What jobs ask a cluster for, more with every attempt; a workstation sets no limit. A rule that has none of these is
# small: its share stands in the cluster's profile. Defines names only.


def memory(wildcards, input, attempt):
    """Megabytes of a job that runs a network without training it, some of which keep features of every image."""
    return round(attempt * (3000 + 10 * input.size_mb))


def minutes(wildcards, input, attempt):
    """Minutes of such a job, by the size of what it reads, crops above all."""
    return round(attempt * (30 + input.size_mb / 10))


def training_memory(wildcards, input, attempt):
    """Megabytes of a training: its data twice, and what a batch of its pixels takes in EfficientNet-B0 and more."""
    return batch_memory(model_of(wildcards).settings["batch_size"], input, attempt)


def batch_memory(batch_size, input, attempt):
    """Megabytes of a training with batches of a size."""
    pixels = batch_size * config["image_side"] ** 2
    return round(attempt * (2000 + 2 * input.size_mb + 0.003 * pixels))


def training_minutes(wildcards, input, attempt):
    """Minutes of a training: four times what two CPU cores took; one that is cut off goes on in its next attempt."""
    epochs = model_of(wildcards).settings["epochs"]
    return round(attempt * (60 + 0.02 * epochs * input.size_mb))


def precision_memory(wildcards, input, attempt):
    """Megabytes of the training steps that the probe takes."""
    return batch_memory(int(wildcards.batch_size), input, attempt)


def trial_memory(wildcards, input, attempt):
    """Megabytes of the trial with the largest batch."""
    kept = model_of(wildcards).settings["batch_size"]
    trials = TRIALS[wildcards.form, wildcards.model]
    sizes = [trial["replaced"].get("batch_size", kept) for trial in trials]
    return batch_memory(max(sizes), input, attempt)


def trial_minutes(wildcards, input, attempt):
    """Minutes of all trials of a network: each its share, in megabytes trained on, of what its training takes."""
    epochs, size_mb = model_of(wildcards).settings["epochs"], input.size_mb
    if wildcards.form == SHORT:
        asked = PLAN.published["trials"]
        epochs = min(epochs, asked["epochs"])
        size_mb = min(size_mb, asked["inputs"] * 3 * config["image_side"] ** 2 / 1e6)
    number = len(TRIALS[wildcards.form, wildcards.model])
    return round(attempt * (60 + 0.02 * number * epochs * size_mb))


def repeat_minutes(wildcards, input, attempt):
    """Minutes of all repeats, one for each beside what reading takes; they need seconds on 15-Scene."""
    repeats = len(config["repeats"]["models"]) * config["repeats"]["seeds"]
    return minutes(wildcards, input, attempt) + attempt * repeats


CHOOSING = {
    "mem_mb": precision_memory,
    "runtime": lambda wildcards, attempt: 30 * attempt,
}
INFERENCE = {"mem_mb": memory, "runtime": minutes}
TRAINING = {"mem_mb": training_memory, "runtime": training_minutes}
REPEATING = {"mem_mb": memory, "runtime": repeat_minutes}
TRIALLING = {"mem_mb": trial_memory, "runtime": trial_minutes}
