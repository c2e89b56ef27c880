"""`exosphere init`: a project that runs."""

import keyword
import re
import shlex
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from exosphere_core.errors import ConfigurationError
from exosphere_core.names import name_error

#: Template → the file that is made of it; PACKAGE stands for the name of the package.
_FILES: Final = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "graph.yaml.txt": "graph.yaml",
    "package.py.txt": "PACKAGE/__init__.py",
    "nodes.py.txt": "PACKAGE/nodes.py",
    "runtime.py.txt": "PACKAGE/runtime.py",
    "test_nodes.py.txt": "tests/test_nodes.py",
}

#: What a project may be called: what pip, and the state manager as the name of a graph, take.
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@click.command(short_help="Make a project that runs: nodes, a graph, a test.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="Name of the project, its graph and its runtime.  [default: that of the folder]")
@click.option("--package", help="Name of its Python package.  [default: made of the name]")
@click.option("--namespace", "-n", default="default", show_default=True, help="Namespace of its nodes and its graph.")
def init(folder: Path, name: str | None, package: str | None, namespace: str) -> None:
    """Make a project in FOLDER: two nodes, a runtime, a graph, a test, and a README that says how to run it.

    A folder that exists gets what it lacks; when it has a file of one of these names, nothing is made.

    \b
      exosphere init my-project
      cd my-project
      exosphere dev --app my_project.runtime:runtime
    """
    name = name if name is not None else folder.resolve().name
    if not _NAME.fullmatch(name):
        raise click.UsageError(
            f"project name {name!r} is not allowed: use letters, digits, '.', '_' and '-', with a letter or digit at both ends"
        )
    package = package if package is not None else re.sub(r"[^a-z0-9]+", "_", name.lower())
    if not package.isidentifier() or not package.isascii() or keyword.iskeyword(package) or package == "tests":
        raise click.UsageError(f"package name {package!r} can't be imported; choose another with --package")
    if package in sys.stdlib_module_names or find_spec(package) is not None:
        raise click.UsageError(f"there is a package {package!r} already; choose another name with --package")
    for error in (name_error("project name", name), name_error("namespace", namespace)):
        if error:
            raise click.UsageError(error)
    templates = files("exosphere_cli") / "starter"
    made = {
        folder / path.replace("PACKAGE", package): (templates / template).read_text(encoding="utf-8")
        for template, path in _FILES.items()
    }
    flag = "" if namespace == "default" else f" -n {namespace}"
    _write(made, {"@NAME@": name, "@PACKAGE@": package, "@NAMESPACE@": namespace, "@FLAG@": flag})
    inside = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(str(folder))}\n"
    click.echo(
        f"""made {len(made)} files in {folder}. Now:

{inside}exosphere dev --app {package}.runtime:runtime

and in another terminal, in the same folder:

exosphere graph apply graph.yaml --wait-valid 30
exosphere run start {name}{flag} --wait
"""
    )


def _write(made: dict[Path, str], values: dict[str, str]) -> None:
    if there := [str(path) for path in made if path.exists()]:
        raise ConfigurationError(f"{', '.join(there)} exists already; choose an empty folder, or move it away first")
    for path, text in made.items():
        for mark, value in values.items():
            text = text.replace(mark, value)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
        except OSError as denied:
            raise ConfigurationError(f"{path} can't be written: {denied.strerror}; choose another folder") from None
