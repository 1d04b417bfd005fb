"""Answer on the t-SNE maps: how well the classes part, in the plane and among the features, as numbers."""

from itertools import combinations

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal, percent, setting
from scenessl.report.readers.embeddings import Parting
from scenessl.report.wording import cite, listing, names, paragraph, ref, say, verb

CLEAR = 0.02  # a difference of silhouettes below this is called none
SOME, STRONG = 0.1, 0.5  # mean silhouettes from which classes part somewhat, and well


def shown(evidence: Evidence) -> list[Markup]:
    """Say what the maps show and how they were made."""
    first = next(iter(evidence.embeddings.values()))
    opening = say(
        "{figures} {show} test images, drawn evenly from the classes and coloured by class, mapped into the plane by "
        "t-SNE {work} from the features before the classifier of {models}{seed}: {images} images. t-SNE keeps near "
        "what is near; how large a cluster is and how far clusters lie apart means nothing. Of a feature vector only "
        "the direction counts (cosine), the perplexity is {perplexity}.",
        figures=ref(*(f"embedding_{name}" for name in evidence.embeddings)),
        show=verb(evidence.embeddings, "shows", "show"),
        work=cite("vandermaaten2008"),
        models=names(evidence.embeddings),
        seed=evidence.first_seed,
        images=listing([count(parting.images) for parting in first.partings]),
        perplexity=listing(list(dict.fromkeys(setting(parting.perplexity) for parting in first.partings)), "or"),
    )
    measured = say(
        "Two numbers in {table} say how well the classes part, both in the map and among the features themselves. The "
        "silhouette {work} compares an image’s mean distance to its own class with that to the nearest other class: 1 "
        "if the classes lie wholly apart, 0 if they lie in one another. The purity is the share of an image’s "
        "{neighbours} nearest neighbours that are of its class.",
        table=ref("embedding"),
        work=cite("rousseeuw1987"),
        neighbours=first.purity_k,
    )
    return [opening, measured]


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: model and how its classes part, map by map."""
    return [
        {"model": name, "parting": parting}
        for name, embedding in evidence.embeddings.items()
        for parting in embedding.partings
    ]


def interpretation(evidence: Evidence) -> list[Markup]:
    """Interpret the maps of each model, compare the models, and say what few images can show."""
    alone = [_alone(name, embedding.largest) for name, embedding in evidence.embeddings.items()]
    pairs = [_pair(evidence, one, other) for one, other in combinations(evidence.embeddings, 2)]
    return [paragraph(*alone), paragraph(*pairs), _few(evidence)]


def _alone(name: str, parting: Parting) -> Markup:
    """Say how well the classes of one model part, at most images."""
    values = {
        "name": code(name),
        "images": count(parting.images),
        "purity": percent(parting.purity, 1),
        "chance": percent(parting.chance, 1),
    }
    if parting.silhouette is None:
        return say("Too few images of {name} are mapped for a silhouette.", **values)
    return say(
        "In the map of {images} images, the classes of {name} {word} (silhouette {silhouette}; features {features}): "
        "{purity} of an image’s neighbours are of its class, where chance gives {chance}.",
        word=_word(parting.silhouette),
        silhouette=decimal(parting.silhouette),
        features="undefined" if parting.silhouette_features is None else decimal(parting.silhouette_features),
        **values,
    )


def _word(silhouette: float) -> str:
    if silhouette >= STRONG:
        return "form clusters of their own"
    return "part in places and overlap in others" if silhouette >= SOME else "lie in one another"


def _pair(evidence: Evidence, one: str, other: str) -> Markup:
    """Say which of two models parts the classes better, by the features of most images."""
    difference = gap(evidence, one, other)
    if difference is None:
        return say("{one} and {other} cannot be compared.", one=code(one), other=code(other))
    if abs(difference) < CLEAR:
        text = (
            "Among the features themselves, {one} and {other} part the classes about equally well (silhouettes {size} "
            "apart)."
        )
        return say(text, one=code(one), other=code(other), size=decimal(abs(difference)))
    better, worse = (one, other) if difference > 0 else (other, one)
    text = "Among the features themselves, {better} parts the classes better than {worse} (silhouette {size} higher)."
    return say(text, better=code(better), worse=code(worse), size=decimal(abs(difference)))


def gap(evidence: Evidence, one: str, other: str) -> float | None:
    """Give the silhouette of the features of `one` minus that of `other`, at most images; None where undefined."""
    first, second = (evidence.embeddings[name].largest.silhouette_features for name in (one, other))
    return None if first is None or second is None else first - second


def _few(evidence: Evidence) -> Markup | None:
    """Say whether the map of fewest images tells the same."""
    embedding = next(iter(evidence.embeddings.values()))
    fewest, most = (choose(embedding.partings, key=lambda parting: parting.images) for choose in (min, max))
    if fewest.images == most.images:
        return None
    orders = [_order(evidence, parting.images) for parting in (fewest, most)]
    small = say(
        "With {fewest} images there are about {each} of a class, and of an image’s {neighbours} nearest neighbours at "
        "best {best} can be of its class.",
        fewest=count(fewest.images),
        each=count(round(fewest.images / len(evidence.classes))),
        neighbours=embedding.purity_k,
        best=percent(fewest.best, 1),
    )
    if len(evidence.embeddings) < 2:
        return small
    text = "Ranked by the silhouette of their features, the networks stand in {order} there as with {most} images."
    order = "the same order" if orders[0] == orders[1] else "another order"
    return paragraph(small, say(text, order=order, most=count(most.images)))


def _order(evidence: Evidence, images: int) -> list[str]:
    """Order the models by the silhouette of their features among so many images, highest first."""

    def silhouette(name: str) -> float:
        found = next(parting for parting in evidence.embeddings[name].partings if parting.images == images)
        return found.silhouette_features if found.silhouette_features is not None else -1.0

    return sorted(evidence.embeddings, key=silhouette, reverse=True)
