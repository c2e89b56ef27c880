"""The facts of all modules together: totals, tops, and which package imports which."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from examples.stdlib_report.analysis import ModuleFacts


@dataclass(frozen=True, slots=True)
class Module:
    """One analysed module."""

    name: str
    facts: ModuleFacts

    @property
    def package(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class PackageTotals:
    """Sums over the modules of one package."""

    package: str
    modules: int
    lines: int
    functions: int
    classes: int
    complexity: int


@dataclass(frozen=True, slots=True)
class ImportGraph:
    """The most imported packages and who of them imports whom.

    Attributes:
        importers: package → how many modules outside of it import it, most first.
        edges: (importing package, imported package) → how many of the importing one's modules do.
    """

    importers: dict[str, int]
    edges: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that the report tells.

    Attributes:
        python: name and version of the interpreter.
        modules: what could be analysed.
        unparsed: names of the modules that could not be.
    """

    python: str
    modules: tuple[Module, ...]
    unparsed: tuple[str, ...] = ()

    def totals(self) -> PackageTotals:
        """Sums over all modules."""
        return _sum("", self.modules)

    def packages(self) -> list[PackageTotals]:
        """Sums of each package, the most complex first."""
        of: dict[str, list[Module]] = {}
        for module in self.modules:
            of.setdefault(module.package, []).append(module)
        sums = [_sum(package, modules) for package, modules in of.items()]
        return sorted(sums, key=lambda totals: (-totals.complexity, totals.package))

    def most_complex_modules(self, count: int) -> list[Module]:
        """The modules with the highest sum of complexity."""
        return sorted(self.modules, key=lambda module: (-module.facts.complexity, module.name))[:count]

    def most_complex_functions(self, count: int) -> list[Module]:
        """The modules that hold the most complex functions, each with its `peak_function`."""
        with_functions = [module for module in self.modules if module.facts.peak_function]
        return sorted(with_functions, key=lambda module: (-module.facts.peak, module.name))[:count]

    def import_graph(self, count: int) -> ImportGraph:
        """The `count` packages that most modules of other packages import, and the imports among them."""
        importers: Counter[str] = Counter()
        edges: Counter[tuple[str, str]] = Counter()
        for module in self.modules:
            imported = {name.partition(".")[0] for name in module.facts.imports} - {module.package, "__future__"}
            importers.update(imported)
            edges.update((module.package, package) for package in imported)
        top = dict(sorted(importers.items(), key=lambda item: (-item[1], item[0]))[:count])
        return ImportGraph(
            importers=top,
            edges={edge: weight for edge, weight in sorted(edges.items()) if edge[0] in top and edge[1] in top},
        )

    def as_json(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        totals = asdict(self.totals())
        del totals["package"]
        return {
            "python": self.python,
            "totals": totals,
            "unparsed": list(self.unparsed),
            "modules": [{"module": module.name, **asdict(module.facts)} for module in self.modules],
        }


def _sum(package: str, modules: Iterable[Module]) -> PackageTotals:
    facts = [module.facts for module in modules]
    return PackageTotals(
        package=package,
        modules=len(facts),
        lines=sum(each.lines for each in facts),
        functions=sum(each.functions for each in facts),
        classes=sum(each.classes for each in facts),
        complexity=sum(each.complexity for each in facts),
    )
