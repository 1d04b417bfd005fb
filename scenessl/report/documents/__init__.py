"""The assignments that a report answers, one module each, found by name: a new one changes nothing for the others.

What a module of this package states, and its template `templates/<name>.html.jinja` builds on:

- KIND, SUBTITLE: the lines above and below the title on the cover.
- THING, THINGS: what the classes are classes of, in the singular and the plural.
- DATA_NAME, DATA_WORK: the images that the assignment names, and the work that describes them.
- NEEDS: the deliverables that it asks for, as the configuration names them; a study without them is refused.
- IS_PRETRAINED: whether the assignment starts from ImageNet weights.
- HAS_LETTERS: whether it names the models by letters, the supervised one first.
- ASKS_SOLVED_PRETEXTS: whether a pretext has to reach a high performance before a gain is credited to it.
- ASKS_EQUAL_EPOCHS: whether it asks for classifiers trained as long as the supervised model.
- ANSWERED_IN: ids of the sections that answer it.
- QUOTES: what the template quotes beside questions, by name; QUESTIONS: its questions by number. Both word for word.
  NEEDS and QUESTIONS are plain literals, so that the configuration is checked against them without importing anything.
- ANSWERS: the modules that write its answers, under the names by which its template calls them.
- requirements(evidence): number, text in short and ids of where it is met, for each requirement.
"""

from importlib import import_module
from types import ModuleType

from scenessl.errors import UserError


def find(name: str) -> ModuleType:
    """Give the document's module; UserError when there is none."""
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise UserError(f"document: there is no scenessl/report/documents/{name}.py.") from None
