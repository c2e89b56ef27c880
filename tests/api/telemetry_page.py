"""The table of docs/telemetry.md: every metric that some texts of `/metrics` tell, in their order."""

from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

HEAD = "| metric | kind | meaning |\n|---|---|---|\n"

#: What each metric of a kind of processes has, and what belongs to histograms.
_NOT_TOLD = {"process", "le"}


def metrics_table(text: str) -> str:
    """The table of what one kind of processes tells."""
    return HEAD + "".join(_rows(text_string_to_metric_families(text)))


def _rows(families: Iterable[Metric]) -> Iterator[str]:
    for family in families:
        if family.name.endswith("_created"):
            continue  # when a series began; the library adds it to each counter and histogram
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = sorted({label for sample in family.samples for label in sample.labels} - _NOT_TOLD)
        spelled = f"{{{', '.join(labels)}}}" if labels else ""
        yield f"| `{name}{spelled}` | {family.type} | {family.documentation} |\n"
