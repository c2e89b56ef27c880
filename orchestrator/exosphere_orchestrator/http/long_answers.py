"""Answers that take long: a call that waits, a stream of events. Their key may be revoked meanwhile."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

#: An answer that has taken longer is looked at again before more of it goes out, and so often at most, in s.
_AGAIN_S: Final = 1.0


class KeyGone(Exception):
    """The key is good no more, and the answer was ended. It stops the application."""


class LongAnswer:
    """Passes an answer on for as long as its key is good.

    Args:
        send: where the answer goes.
        refusal: looks at the key again; what the answer must be instead as (status, detail), or None while it is good.
        refuse: answers so.
        clock: s.
    """

    def __init__(
        self,
        send: Send,
        refusal: Callable[[], Awaitable[tuple[int, str] | None]],
        refuse: Callable[[Send, int, str], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send, self._refusal, self._refuse, self._clock = send, refusal, refuse, clock
        self._looked = clock()
        #: The answer was ended by us: what the application says to that does not matter.
        self.cut = False

    async def send(self, message: Message) -> None:
        """Pass a part on.

        Raises:
            KeyGone: this answer was ended, now or before.
        """
        begins = message["type"] == "http.response.start"
        # Other parts have a length that was told: they can't be left out.
        if not self.cut and (begins or message.get("more_body")) and self._clock() - self._looked >= _AGAIN_S:
            self._looked = self._clock()
            if refused := await self._refusal():
                self.cut = True
                if begins:
                    await self._refuse(self._send, *refused)
                else:
                    await self._send({"type": "http.response.body", "body": b""})
        if self.cut:
            raise KeyGone
        await self._send(message)
