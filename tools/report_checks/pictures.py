"""Opens the SVG files of a page's <img> elements as documents of the size at which the page shows them."""

import base64
import hashlib
import math
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlparse

from .browser import call


def svg(source):
    """The bytes of an SVG source (data: or file:); None for other pictures."""
    if source.startswith("data:image/svg+xml"):
        head, _, body = source.partition(",")
        return base64.b64decode(unquote(body)) if head.endswith(";base64") else unquote_to_bytes(body)
    path = Path(unquote(urlparse(source).path))
    if source.startswith("file:") and path.suffix == ".svg" and path.is_file():
        return path.read_bytes()
    return None


class Pictures:
    """Checks pictures. Each is opened once in a size, scheme and colour."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.results = {}

    def check(self, page, picture, scheme):
        """The result of scripts/pictures.js in `page`, and whether it is new; None for pictures of other formats."""
        data = svg(picture["source"])
        if data is None or picture["width"] <= 0 or picture["height"] <= 0:
            return None, False
        scheme = picture["scheme"] or scheme
        digest = hashlib.sha256(data).hexdigest()[:24]
        size = (math.ceil(picture["width"]), math.ceil(picture["height"]))
        key = (picture["name"], digest, size, scheme, picture["paper"])
        if key in self.results:
            return self.results[key], False
        file = self.folder / f"{digest}.svg"
        file.write_bytes(data)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(file.as_uri())
        self.results[key] = call(page, "pictures", picture)
        return self.results[key], True
