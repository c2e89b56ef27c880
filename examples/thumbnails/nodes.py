"""List the images, make the thumbnail of one, lay all out on a sheet."""

import json
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageOps
from pydantic import BaseModel

from exospherehost import BaseNode, PruneSignal

NAMESPACE: Final = "images"
SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})

#: The longer side of a thumbnail, and the space around it, in pixels.
_SIDE: Final = 160
_GAP: Final = 12
#: Height of the line below a thumbnail, in pixels, and how many letters it has room for.
_LINE: Final = 16
_LETTERS: Final = 26
_COLUMNS: Final = 4


def images_of(directory: Path) -> list[Path]:
    """Return the files of a directory whose names are those of images, in order."""
    return sorted(path for path in directory.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())


class ListImages(BaseNode):
    """Fans out: one branch for each image of a directory."""

    class Inputs(BaseModel):
        directory: str

    class Outputs(BaseModel):
        file: str

    def execute(self) -> list[Outputs]:
        return [self.Outputs(file=str(file)) for file in images_of(Path(self.inputs.directory))]


class MakeThumbnail(BaseNode):
    """Makes one image small. A branch whose file is no image ends here, and the sheet does without it."""

    class Inputs(BaseModel):
        file: str
        folder: str

    class Outputs(BaseModel):
        thumbnail: str
        label: str

    def execute(self) -> Outputs:
        file = Path(self.inputs.file)
        try:
            with Image.open(file) as image:
                label = f"{file.name[: _LETTERS - 11]} {image.width}x{image.height}"
                small = ImageOps.exif_transpose(image).convert("RGB")
        except (OSError, SyntaxError, Image.DecompressionBombError) as bad:
            raise PruneSignal({"file": str(file), "reason": str(bad)}) from None
        small.thumbnail((_SIDE, _SIDE))
        # The same file for every delivery of this state: a second one replaces it.
        thumbnail = Path(self.inputs.folder) / f"{self.state_id}.png"
        small.save(thumbnail)
        return self.Outputs(thumbnail=str(thumbnail), label=label)


class ContactSheet(BaseNode):
    """Unites the branches: both lists are JSON arrays with one entry an image, in the order of the files."""

    class Inputs(BaseModel):
        thumbnails: str
        labels: str
        sheet: str

    class Outputs(BaseModel):
        images: str
        size: str

    def execute(self) -> Outputs:
        thumbnails, labels = json.loads(self.inputs.thumbnails), json.loads(self.inputs.labels)
        columns, rows = min(_COLUMNS, len(thumbnails)), -(-len(thumbnails) // _COLUMNS)
        cell = (_SIDE + _GAP, _SIDE + _LINE + _GAP)
        sheet = Image.new("RGB", (columns * cell[0] + _GAP, rows * cell[1] + _GAP), "white")
        draw = ImageDraw.Draw(sheet)
        for place, (thumbnail, label) in enumerate(zip(thumbnails, labels, strict=True)):
            left, top = _GAP + place % _COLUMNS * cell[0], _GAP + place // _COLUMNS * cell[1]
            with Image.open(thumbnail) as small:
                sheet.paste(small, (left + (_SIDE - small.width) // 2, top + (_SIDE - small.height) // 2))
            # The font that comes with Pillow may have no other letters.
            draw.text((left, top + _SIDE), label.encode("ascii", "replace").decode(), fill="black")
        sheet.save(self.inputs.sheet, format="PNG")
        return self.Outputs(images=str(len(thumbnails)), size=f"{sheet.width} x {sheet.height}")
