"""Everything in one file: styles, fonts, scripts and data, written so that no text can end the element it stands in."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from scenessl.errors import UserError

FONT = re.compile(r"url\((fonts/[\w-]+\.woff2)\)")
PREFIX = "page/"
"""How modules of the page name each other."""


def embedded(data: object) -> Markup:
    """Write data as JSON for a script element: `<` is escaped, so that no name of a class or file ends it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # nosec B704 # nothing can end the script it stands in


def style(sheet: Path, templates: Path) -> Markup:
    """Give a style sheet with its fonts, which lie below `templates`."""
    text = FONT.sub(lambda found: f"url({_font(templates / found[1])})", sheet.read_text(encoding="utf-8"))
    return Markup(text)  # nosec B704 # a style sheet of ours


def _font(file: Path) -> str:
    return "data:font/woff2;base64," + base64.b64encode(file.read_bytes()).decode()


def library(file: Path) -> Markup:
    """Give a vendored script as it is; UserError where it would end its element."""
    text = file.read_text(encoding="utf-8")
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise UserError(f"{file} cannot stand in a page: it holds </script or <!--.")
    return Markup(re.sub(r"\n?//# sourceMappingURL=.*", "", text))  # nosec B704 # a script of ours, checked above


def import_map(folder: Path) -> Markup:
    """Map every module of the page to its source, so that they import each other without a file beside the page."""
    modules = {f"{PREFIX}{file.name}": _module(file) for file in sorted(folder.glob("*.js"))}
    return embedded({"imports": modules})


def _module(file: Path) -> str:
    text = file.read_text(encoding="utf-8") + f"//# sourceURL={PREFIX}{file.name}\n"
    return "data:text/javascript;charset=utf-8," + quote(text)
