"""A key that is revoked while an answer to it takes its time."""

import asyncio
import threading
import time
from typing import Any

import httpx
import pytest

from api.service import Space, eventually, one, path_of
from exosphere_core import api
from exosphere_orchestrator.http.long_answers import KeyGone, LongAnswer, Message, Send

START = {"type": "http.response.start", "status": 200, "headers": []}
REFUSED = (401, "Invalid API key")


class Answering:
    """An answer under way, whose clock and key the test holds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.good = True
        self.looks = 0
        self.sent: list[Message] = []
        self.answer = LongAnswer(self.note, self.refusal, self.refuse, lambda: self.now)

    async def note(self, message: Message) -> None:
        self.sent.append(message)

    async def refusal(self) -> tuple[int, str] | None:
        self.looks += 1
        return None if self.good else REFUSED

    async def refuse(self, send: Send, status: int, detail: str) -> None:
        await send({"type": "refused", "status": status, "detail": detail})

    def part(self, text: bytes, *, more: bool = True) -> None:
        asyncio.run(self.answer.send({"type": "http.response.body", "body": text, "more_body": more}))


def test_a_stream_of_events_ends_when_its_key_is_revoked() -> None:
    answering = Answering()
    asyncio.run(answering.answer.send(START))
    answering.part(b"1")
    answering.now, answering.good = 1.0, False
    with pytest.raises(KeyGone):
        answering.part(b"2")
    with pytest.raises(KeyGone):
        answering.part(b"3")
    assert [message.get("body") for message in answering.sent] == [None, b"1", b""]
    assert not answering.sent[-1].get("more_body")
    assert answering.looks == 1


def test_a_stream_looks_at_its_key_once_a_second_at_most() -> None:
    answering = Answering()
    asyncio.run(answering.answer.send(START))
    for step in range(100):
        answering.now = step / 10
        answering.part(b"x")
    assert 8 <= answering.looks <= 10
    assert len(answering.sent) == 101


def test_an_answer_that_has_begun_and_told_its_length_is_sent_whole() -> None:
    answering = Answering()
    asyncio.run(answering.answer.send(START))
    answering.now, answering.good = 5.0, False
    answering.part(b"whole", more=False)
    assert answering.sent[-1]["body"] == b"whole"


def test_a_call_that_waits_for_a_run_is_refused_when_its_key_was_revoked_meanwhile(space: Space) -> None:
    space.chain()
    run = space.trigger()
    made = space.service.new_key("viewer", space.name)
    answers: list[httpx.Response] = []

    def wait() -> None:
        headers = {api.API_KEY_HEADER: made["key"]}
        query = {"timeout_ms": 1500}
        answers.append(space.call(api.WAIT_RUN, run_id=run, query=query, headers=headers))

    def used() -> Any:
        return space.ok(api.LIST_KEYS)["keys"][0]["last_used_at"]

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually("it waits", used)
    space.ok(api.REVOKE_KEY, key_id=made["id"])
    waiting.join()
    assert (answers[0].status_code, answers[0].json()) == (401, {"detail": "Invalid API key"})
    assert answers[0].headers[api.REQUEST_ID_HEADER]


def test_whoever_watches_a_run_is_told_no_more_when_their_key_was_revoked(space: Space) -> None:
    space.chain()
    run = space.trigger()
    made = space.service.new_key("viewer", space.name)
    path = path_of(api.WATCH_RUN, namespace=space.name, run_id=run)
    with space.service.http.stream("GET", path, headers={api.API_KEY_HEADER: made["key"]}) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines()
        for line in lines:
            if line == "event: current":
                break
        space.ok(api.REVOKE_KEY, key_id=made["id"])
        started = time.monotonic()
        # The key is looked at once a second.
        eventually("a second has gone by", lambda: time.monotonic() - started > 1)
        space.do("First", one(v="1"))
        assert [line for line in lines if "SUCCESS" in line] == []
