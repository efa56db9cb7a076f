"""Builds static/img/icons.svg from a folder of Tabler icons: run by hand, after a change.

    npm install @tabler/icons
    python .ci/build_icons.py node_modules/@tabler/icons/icons/outline

icons.txt lists the names that the console uses, one a line.
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).resolve().parent
SVG = "http://www.w3.org/2000/svg"


def symbol(path: Path) -> str:
    """One icon as a <symbol>; its invisible bounding path is left out."""
    ET.register_namespace("", SVG)
    icon = ET.fromstring(path.read_text())  # noqa: S314  files of a named package
    shapes = [
        ET.tostring(shape, encoding="unicode").replace(f' xmlns="{SVG}"', "").strip()
        for shape in icon
        if shape.get("stroke") != "none"
    ]
    return f'<symbol id="{path.stem}" viewBox="0 0 24 24">{"".join(shapes)}</symbol>'


def main(folder: Path) -> None:
    """Write the sprite."""
    names = (HERE / "icons.txt").read_text().split()
    symbols = "\n".join(symbol(folder / f"{name}.svg") for name in sorted(names))
    sprite = f'<svg xmlns="{SVG}">\n{symbols}\n</svg>\n'
    (HERE.parent / "static" / "img" / "icons.svg").write_text(sprite)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
