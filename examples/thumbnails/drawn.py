"""Images to try the example on: drawn, of different sizes, the same each time."""

import random
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

_COUNT: Final = 12


def draw_images(directory: Path) -> None:
    """Draw pictures into an empty directory, which is made, and put one broken file beside them."""
    directory.mkdir()
    dice = random.Random(7)
    for number in range(1, _COUNT + 1):
        width, height = dice.randrange(200, 1600), dice.randrange(200, 1200)
        picture = Image.new("RGB", (width, height), _colour(dice))
        draw = ImageDraw.Draw(picture)
        for _ in range(number):
            x, y, radius = dice.randrange(width), dice.randrange(height), dice.randrange(20, 200)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(dice), outline="white", width=4)
        picture.save(directory / f"drawing-{number:02}.png", compress_level=1)
    (directory / "torn.png").write_bytes((directory / "drawing-01.png").read_bytes()[:30])


def _colour(dice: random.Random) -> tuple[int, int, int]:
    return dice.randrange(256), dice.randrange(256), dice.randrange(256)
