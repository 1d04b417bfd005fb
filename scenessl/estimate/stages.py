"""What the stages of a study are called, and how their times are written."""

STAGES = {
    "data": "Images listed, decoded",
    "starts": "Starts of networks",
    "train": "Training",
    "features": "Features for classifiers",
    "predict": "Predictions",
    "scorecam": "Score-CAM",
    "cam": "Class activation maps",
    "inversion": "Model inversion",
    "extractors": "Comparison of extractors",
    "embedding": "Maps of the features",
    "neighbours": "Nearest neighbours",
    "looks": "Samples, filters, extremes",
    "probes": "Probes",
    "trajectory": "Along the pretexts",
    "label_efficiency": "Few labels",
    "repeats": "Repeats of classifiers",
    "trials": "Trials of settings",
    "figures": "Figures",
    "report": "Tables, report, page",
}
"""By their folder of a study's benchmarks/, where their jobs are measured."""

UNKNOWN = "–"


def duration(seconds: float | None) -> str:
    """Write a time: 7.3 s, 1 min 24 s, 2 h 5 min; a dash for none."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours = round(seconds) // 60, round(seconds / 60) // 60
    return f"{minutes} min {round(seconds) % 60} s" if minutes < 60 else f"{hours} h {round(seconds / 60) % 60} min"
