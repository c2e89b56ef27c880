"""The example that makes a contact sheet of a directory of images."""

from pathlib import Path

from PIL import Image

from .running import run_to_its_end


def test_every_image_is_on_the_sheet_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    images, sheet = tmp_path / "images", tmp_path / "sheet.png"
    images.mkdir()
    colours = {"a.png": (255, 0, 0), "b.JPG": (0, 0, 255), "ü.webp": (0, 128, 0)}
    for name, colour in colours.items():
        Image.new("RGB", (400, 400), colour).save(images / name)
    (images / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (images / "notes.txt").write_text("no image")
    said = run_to_its_end("thumbnails", tmp_path / "run", str(images), "--sheet", str(sheet))
    assert said == f"3 images of {images} on {sheet}, 528 x 200 pixels\n"
    with Image.open(sheet) as made:
        found = [made.getpixel((12 + 172 * place + 80, 12 + 80)) for place in range(3)]
    for told, colour in zip(found, colours.values(), strict=True):
        assert isinstance(told, tuple)
        assert all(abs(one - other) < 8 for one, other in zip(told, colour, strict=True))


def test_without_a_directory_a_dozen_drawings_are_shrunk(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    said = run_to_its_end("thumbnails", tmp_path / "run", "--sheet", str(sheet))
    assert said.startswith("12 images of ")
    assert said.endswith(f" on {sheet}, 700 x 576 pixels\n")
    with Image.open(sheet) as made:
        assert made.size == (700, 576)
