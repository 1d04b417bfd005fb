"""Document 003, "A Tale of Two Networks": what it asks, word for word, and where each requirement is met."""

from scenessl.report import text_network
from scenessl.report.answers import (
    accuracy,
    cam,
    embedding,
    expectations,
    extremes,
    filters,
    loss,
    neighbours,
    probes,
    usefulness,
    works,
)
from scenessl.report.evidence import Evidence

KIND = "Computer Vision · Assignment report"
SUBTITLE = "One trained with labels, one on rotations: what they see, and what their features are worth"
THING, THINGS = "object", "objects"
DATA_NAME, DATA_WORK = "CIFAR-10", "krizhevsky2009"
NEEDS = ("filters", "cam", "loss_extremes", "embedding", "neighbours", "probes")
IS_PRETRAINED = False
HAS_LETTERS = False
ASKS_SOLVED_PRETEXTS = False
ASKS_EQUAL_EPOCHS = False
ANSWERED_IN = ("data", "supervised_learning", "self_supervision", "visualisation", "comparison")
ANSWERS = {
    "accuracy": accuracy,
    "usefulness": usefulness,
    "network": text_network,
    "loss": loss,
    "works": works,
    "extremes": extremes,
    "filters": filters,
    "cam": cam,
    "embedding": embedding,
    "neighbours": neighbours,
    "probes": probes,
    "expectations": expectations,
}

QUOTES = {
    "opening": "In this assignment, we train convolutional networks with two different kinds of supervision and "
    "visualize what they learn.",
    "supervised": "Train your network to perform image classification by minimizing the cross-entropy between the "
    "network's prediction and the CIFAR-10 targets. Use your favorite optimizer to train your deep network.",
    "self_supervision": "The aim of self-supervised learning is to learn without relying on human annotation. We will "
    "implement a simple but effective self-supervised learning method, Unsupervised Representation Learning by "
    "Predicting Image Rotations [2]. The main idea is that learning to identify the rotation of image should require "
    "learning useful visual representations, i.e. of the objects that appear in the dataset.",
    "visualisation": "Now we experiment with a few methods for gazing into the soul of the representations learned by "
    "your two networks. Do the following for both networks.",
}

QUESTIONS = {
    "1.1": "Dataset: Obtain the CIFAR-10 dataset. The easiest way to do this is as presented in the PyTorch tutorial.",
    "1.2": "Network Architecture: Construct a lighter and smaller Residual Network (ResNet) architecture. A useful "
    "reference is the original ResNet paper by He et al [1]. (Some useful PyTorch code, for reference.) Start with a "
    "ResNet of depth 18 and shrink it in depth and width (number of filters).",
    "2.1": "Write out the definition of the cross-entropy loss function. Interpret it.",
    "2.2": "As the training proceeds, plot the loss value and the classification accuracy on training and validation "
    "set, and choose the iteration with the least error.",
    "3.1": "Give your three favorite examples of recent work in self-supervised learning in computer vision (or "
    "robotics, NLP, ML, if you want).",
    "3.2": "Provide a learning curve of the training loss as a function of epochs.",
    "3.3": "Show the images of examples with largest and lowest loss, at convergence.",
    "4.1.1": "In the report, include a single image displaying all the filters from one layer.",
    "4.1.2": "Select a few interesting ones and explain what these filters might be doing.",
    "4.2.1": "Why does the ResNet Architecture make class activation mapping easy?",
    "4.2.2": "Describe the CAM visualization algorithm in one sentence.",
    "4.2.3": "Provide your favorite class activation maps (for three classes) and one example of activations that "
    "might seem counter-intuitive.",
    "4.3.1": "Plot the 2d map as a scatter plot and color the points according to their CIFAR class. Interpret it.",
    "4.4.1": "Visualize the 10 nearest neighbours in the training set for 5 test images (from different classes) and "
    "compare the results from the two trained networks.",
    "4.5": "Compare the visualizations of the two networks. What was expected? What was not expected?",
}


def requirements(evidence: Evidence) -> list[tuple[str, str, list[str]]]:
    """Give number, requirement in short, and the ids of where it is met."""
    published, supervised = evidence.published, evidence.roles["supervised"]
    shown = {key: _figures(published, key) for key in ("cam", "loss_extremes", "embedding")}
    layers = range(1, 1 + len(published["filters"]["layers"]))
    sheets = [f"filters_{name}_{layer}" for name in published["filters"]["models"] for layer in layers]
    curves = [f"curves_{name}" for name in evidence.roles["pretexts"]]
    images = f"{DATA_NAME} (here drawn images in its place)" if evidence.is_drawn else DATA_NAME
    return [
        ("2.1", images, ["question_1.1", "classes"]),
        ("2.1", "a ResNet smaller than ResNet-18 in depth and width", ["question_1.2", "network"]),
        ("2.2", "cross-entropy, defined and interpreted", ["question_2.1"]),
        ("2.2", "curves and the chosen iteration", ["question_2.2", f"curves_{supervised}"]),
        ("2.3", "rotation prediction, its learning curve", ["question_3.2", *curves]),
        ("2.3", "views with the largest and the lowest loss", ["question_3.3", *shown["loss_extremes"]]),
        ("2.3", "three recent works in self-supervision", ["question_3.1"]),
        ("2.4", "all filters of two layers, a few explained", ["question_4.1.1", "question_4.1.2", *sheets]),
        ("2.4", "class activation maps", ["question_4.2.1", "question_4.2.2", "question_4.2.3", *shown["cam"]]),
        ("2.4", "t-SNE map of penultimate features", ["question_4.3.1", *shown["embedding"]]),
        ("2.4", "nearest training neighbours of five test images", ["question_4.4.1", "neighbours"]),
        ("2.4", "comparison: expected and not expected", ["question_4.5", "expectations"]),
    ]


def _figures(published: dict, section: str) -> list[str]:
    """Name the figures of a section, one per model."""
    return [f"{section}_{name}" for name in published[section]["models"]]
