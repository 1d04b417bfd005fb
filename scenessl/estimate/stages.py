"""What the stages of a study are called; those with measured jobs by their folder below benchmarks/."""

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
    "trials": "Trials of settings",
    "figures": "Figures",
    "report": "Tables, report, page",
}
