"""From result files and templates to the page: the report's sections in another layout, and what can be operated."""

from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from scenessl.files import write_text
from scenessl.page import answers, inline
from scenessl.page.material import Material
from scenessl.page.pictures import figure
from scenessl.page.viewers import DATA
from scenessl.report.evidence import read_evidence
from scenessl.report.readers.files import NotThereError
from scenessl.report.render import Layout, render_html, strict_environment


def write_page(root: Path | str, templates: Path | str, out_html: Path | str, draft: bool = False) -> list[str]:
    """Write the page of the study whose results lie in `root`, one file that needs nothing beside it.

    Args:
        root: results of the study, as for the report; predictions, crops and page/thumbnails.json too.
        templates: the report's templates, with those of the page in page/.
        out_html: the page.
        draft: name missing parts instead of failing.

    Returns:
        The names of the missing files, empty unless `draft`.

    Raises:
        UserError: missing results (without `draft`), or a mistake in a template.
    """
    material = Material(read_evidence(root, draft))
    html = render_html(material.evidence, layout(material, Path(templates)))
    write_text(out_html, html)
    return sorted(material.evidence.missing)


def layout(material: Material, templates: Path) -> Layout:
    """Lay out as a page: what lies in templates/page/ goes before what it shares a name with."""
    folders = [templates / "page", templates]
    return Layout(folders, figure, _viewer(material, templates, folders))


def _viewer(material: Material, templates: Path, folders: list[Path]) -> Callable[..., Markup]:
    """Make the function that gives a viewer's mark-up, or the frame's own parts, by name."""
    environment = strict_environment(folders)
    parts = {
        "style": lambda: inline.style(templates / "page" / "page.css", templates),
        "import_map": lambda: inline.import_map(templates / "page" / "scripts"),
        "libraries": lambda: _libraries(templates / "page" / "vendor"),
        "answers": lambda: _embedded_or_none(material, answers.images),
        "thumbnails": lambda: _embedded_or_none(material, lambda found: list(found.thumbnails.values())),
    }
    counted: dict[str, int] = {}

    def viewer(name: str, *given: object) -> Markup:
        if name in parts:
            return parts[name]()
        data = DATA[name](material, *given)
        counted[name] = 1 + counted.get(name, 0)
        values = {"data": data, "id": f"{name}_{counted[name]}", "json": inline.embedded(data), "e": material.evidence}
        filled = environment.get_template(f"viewers/{name}.html.jinja").render(values)
        return Markup(filled)  # nosec B704 # the template escapes what it is given

    return viewer


def _libraries(folder: Path) -> Markup:
    """Give every vendored script in an element of its own."""
    scripts = [inline.library(file) for file in sorted(folder.glob("*.js"))]
    return Markup("\n").join(Markup("<script>{}</script>").format(script) for script in scripts)


def _embedded_or_none(material: Material, read: Callable[[Material], object]) -> Markup:
    """Embed data that several viewers share; null in a draft that lacks it."""
    try:
        return inline.embedded(read(material))
    except NotThereError:
        return inline.embedded(None)
