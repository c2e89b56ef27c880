"""The three nodes: list the modules, analyse one, write the report."""

import json
import platform
from pathlib import Path

from pydantic import BaseModel

from examples.stdlib_report.analysis import ModuleFacts, analyse
from examples.stdlib_report.report import report_html
from examples.stdlib_report.sources import find_sources, standard_library
from examples.stdlib_report.survey import Library, Module
from exospherehost import BaseNode, PruneSignal


class ListModules(BaseNode):
    """Fans out: one branch for each module of the standard library."""

    class Inputs(BaseModel):
        limit: str = "0"  #: how many modules at most; 0 for all

    class Outputs(BaseModel):
        module: str
        path: str

    def execute(self) -> list[Outputs]:
        if not self.inputs.limit.isdecimal():
            raise ValueError(f"limit is {self.inputs.limit!r}; it must be a whole number, 0 for all modules")
        sources = find_sources(standard_library(), int(self.inputs.limit))
        return [self.Outputs(module=source.module, path=str(source.path)) for source in sources]


class AnalyseModule(BaseNode):
    """Parses one module and counts what it holds. What can't be parsed ends its branch."""

    class Inputs(BaseModel):
        module: str
        path: str

    class Outputs(BaseModel):
        module: str
        lines: str
        functions: str
        classes: str
        complexity: str
        peak: str
        peak_function: str
        imports: str  #: JSON array of names

    def execute(self) -> Outputs:
        path = Path(self.inputs.path)
        try:
            facts = analyse(path.read_bytes(), self.inputs.module, is_package=path.name == "__init__.py")
        except (SyntaxError, ValueError) as unreadable:
            raise PruneSignal({"module": self.inputs.module, "reason": str(unreadable)}) from None
        return self.Outputs(
            module=self.inputs.module,
            lines=str(facts.lines),
            functions=str(facts.functions),
            classes=str(facts.classes),
            complexity=str(facts.complexity),
            peak=str(facts.peak),
            peak_function=facts.peak_function,
            imports=json.dumps(facts.imports),
        )


class WriteReport(BaseNode):
    """Unites the branches: every input but the folder is a JSON array with one entry a branch."""

    class Inputs(BaseModel):
        folder: str
        listed: str
        modules: str
        lines: str
        functions: str
        classes: str
        complexity: str
        peak: str
        peak_function: str
        imports: str

    class Outputs(BaseModel):
        page: str
        data: str

    def execute(self) -> Outputs:
        library = self.survey()
        folder = Path(self.inputs.folder)
        folder.mkdir(parents=True, exist_ok=True)
        page, data = folder / "report.html", folder / "report.json"
        page.write_text(report_html(library), encoding="utf-8")
        data.write_text(json.dumps(library.as_json(), indent=1) + "\n", encoding="utf-8")
        return self.Outputs(page=str(page), data=str(data))

    def survey(self) -> Library:
        """Put the arrays together again, one module after another."""
        given = self.inputs
        columns = (
            given.modules,
            given.lines,
            given.functions,
            given.classes,
            given.complexity,
            given.peak,
            given.peak_function,
            given.imports,
        )
        modules = tuple(
            Module(
                name,
                ModuleFacts(
                    lines=int(lines),
                    functions=int(functions),
                    classes=int(classes),
                    complexity=int(complexity),
                    peak=int(peak),
                    peak_function=peak_function,
                    imports=tuple(json.loads(imports)),
                ),
            )
            for name, lines, functions, classes, complexity, peak, peak_function, imports in zip(
                *map(json.loads, columns), strict=True
            )
        )
        return Library(
            python=f"{platform.python_implementation()} {platform.python_version()}",
            modules=modules,
            unparsed=tuple(sorted(set(listed_names(given.listed)) - {module.name for module in modules})),
        )


def listed_names(text: str) -> list[str]:
    """Read the values of the node that fanned out: a JSON array, or one plain name when there was one branch."""
    return [str(name) for name in json.loads(text)] if text.startswith("[") else [text]
