"""A client of event streams, and what a run's events must add up to."""

import json
from collections.abc import Iterator
from typing import Any

from api.service import PATIENCE_MS, Service, Space, path_of
from exosphere_core import api

#: Kind, state id, status and attempt of an event.
Told = tuple[str, str, str, int]


class Watcher:
    """Reads the events of a run, connection by connection.

    Args:
        service: the state manager that is asked.
    """

    def __init__(self, service: Service, space: Space, run: str) -> None:
        self._service = service
        self._path = path_of(api.WATCH_RUN, namespace=space.name, run_id=run)
        self.last_id = ""
        self.events: list[dict[str, Any]] = []

    def read(self, most: int | None = None, service: Service | None = None) -> list[dict[str, Any]]:
        """Go on in a new connection, up to the end of the stream or until so many more events have come."""
        new: list[dict[str, Any]] = []
        for event in self._connection(service or self._service):
            new.append(event)
            if len(new) == most:
                break
        self.events += new
        return new

    @property
    def told(self) -> list[Told]:
        return [
            (event["event"], event.get("state_id", ""), event["status"], event.get("attempt", 0))
            for event in self.events
        ]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def _connection(self, service: Service) -> Iterator[dict[str, Any]]:
        headers = {api.LAST_EVENT_ID_HEADER: self.last_id} if self.last_id else {}
        with service.http.stream("GET", self._path, headers=headers, timeout=PATIENCE_MS / 1000) as answer:
            assert answer.status_code in (200, 204), answer.read()
            if answer.status_code == 204:
                return
            assert answer.headers["content-type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.strip()
                elif "data" in fields:
                    event = json.loads(fields["data"])
                    assert (fields["id"], fields["event"]) == (event["id"], event["event"])
                    self.last_id = event["id"]
                    fields = {}
                    yield event
