"""The kinds of scene that can be drawn. Each is told by its layout; sizes, places, colours and company vary."""

from collections.abc import Callable

from scenessl.data import interiors, landscapes, townscapes
from scenessl.data.canvas import Canvas

SCENES: dict[str, Callable[[Canvas], None]] = {
    "bedroom": interiors.bedroom,
    "coast": landscapes.coast,
    "forest": landscapes.forest,
    "highway": townscapes.highway,
    "industrial": townscapes.industrial,
    "inside city": townscapes.inside_city,
    "kitchen": interiors.kitchen,
    "living room": interiors.living_room,
    "mountain": landscapes.mountain,
    "office": interiors.office,
    "open country": landscapes.open_country,
    "store": interiors.store,
    "street": townscapes.street,
    "suburb": townscapes.suburb,
    "tall building": townscapes.tall_building,
}
