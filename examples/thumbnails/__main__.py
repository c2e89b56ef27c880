"""`python -m examples.thumbnails [DIRECTORY] [--sheet FILE]`: its images, or a dozen drawn ones, on a sheet."""

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import Final

from examples.starter import ExampleFailed, System, run_example
from exospherehost import GraphNodeModel, UnitesModel

NAMESPACE: Final = "images"
NODES: Final = [
    GraphNodeModel(
        node_name="ListImages",
        namespace=NAMESPACE,
        identifier="list",
        inputs={"directory": "${{ store.directory }}"},
        next_nodes=["shrink"],
    ),
    GraphNodeModel(
        node_name="MakeThumbnail",
        namespace=NAMESPACE,
        identifier="shrink",
        inputs={"file": "${{ list.outputs.file }}", "folder": "${{ store.folder }}"},
        next_nodes=["sheet"],
    ),
    GraphNodeModel(
        node_name="ContactSheet",
        namespace=NAMESPACE,
        identifier="sheet",
        inputs={
            "thumbnails": "${{ shrink.outputs.thumbnail }}",
            "labels": "${{ shrink.outputs.label }}",
            "sheet": "${{ store.sheet }}",
        },
        unites=UnitesModel(identifier="list"),
    ),
]


def arguments() -> argparse.Namespace:
    """What the command is given."""
    parser = argparse.ArgumentParser(prog="python -m examples.thumbnails", description="Make a contact sheet.")
    parser.add_argument("directory", type=Path, nargs="?", help="with images (a dozen that are drawn)")
    parser.add_argument("--sheet", type=Path, default="contact-sheet.png", help="PNG file to write (%(default)s)")
    return parser.parse_args()


def directory_of_images(given: Path | None, folder: Path) -> Path:
    """Return the directory that is given, else one with drawn images below `folder`. Raises ExampleFailed."""
    # Imported only now: both need Pillow.
    from examples.thumbnails.drawn import draw_images
    from examples.thumbnails.nodes import images_of

    if given is None:
        draw_images(folder / "drawings")
        return folder / "drawings"
    if not given.is_dir() or not images_of(given):
        raise ExampleFailed(f"{given.absolute()} is no directory with images")
    return given.absolute()


async def shrink(system: System) -> None:
    """Write the contact sheet of one directory."""
    given = arguments()
    directory, sheet = directory_of_images(given.directory, system.folder), given.sheet.absolute()
    thumbnails = system.folder / "thumbnails"
    thumbnails.mkdir()
    store = {"directory": str(directory), "folder": str(thumbnails), "sheet": str(sheet)}
    outputs = await system.run("contact-sheet", NODES, store, "sheet")
    print(f"{outputs['images']} images of {directory} on {sheet}, {outputs['size']} pixels")


if __name__ == "__main__":
    if importlib.util.find_spec("PIL") is None:
        sys.exit('error: this example needs Pillow: pip install "exosphere-redis[examples]", or make demo')
    arguments()
    run_example(shrink, NAMESPACE, "examples.thumbnails.app:runtime")
