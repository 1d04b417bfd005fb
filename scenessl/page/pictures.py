"""Images as a page carries them: small WebP files inside data: URIs."""

import base64
import io
import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

EMBEDDED = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]+)")
WORTH = {"PNG": 0.5, "JPEG": 1.0}
"""Share of its size below which a picture is encoded anew: a PNG is exact, a JPEG has lost what no eye sees."""
QUALITY = {"thumbnail": 55, "figure": 75, "picture": 85}
SAFE = "/:;,=+*()!$&'?@[]{}^~`| \n"
"""Left as it is in a data: URI that stands between double quotes."""


def to_image(crop: np.ndarray, side: int | None = None) -> Image.Image:
    """Turn a crop, uint8 [1 or 3, S, S], into an image of at most `side` pixels."""
    image = Image.fromarray(crop[0] if len(crop) == 1 else np.ascontiguousarray(crop.transpose(1, 2, 0)))
    return image if side is None or image.width <= side else image.resize((side, side), Image.Resampling.LANCZOS)


def webp(image: Image.Image, quality: str = "picture") -> str:
    """Encode an image as WebP, in base64."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY[quality], method=4)
    return base64.b64encode(buffer.getvalue()).decode()


def picture(crop: np.ndarray, side: int | None = None) -> str:
    """Give a crop as a data: URI."""
    return f"data:image/webp;base64,{webp(to_image(crop, side))}"


def figure(file: Path) -> str:
    """Give an SVG figure as a data: URI, its photographs as WebP in place of PNG and JPEG."""
    text = EMBEDDED.sub(lambda found: _smaller(found[0], found[1]), file.read_text(encoding="utf-8"))
    return "data:image/svg+xml," + quote(text, safe=SAFE)


def _smaller(uri: str, content: str) -> str:
    """Encode an embedded picture anew where that is worth it: photographs are, bars and kernels stay exact."""
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    made = webp(image.convert("RGBA" if "A" in image.getbands() else "RGB"), "figure")
    return f"data:image/webp;base64,{made}" if len(made) < WORTH[image.format] * len(content) else uri
