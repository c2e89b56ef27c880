"""Makes fakeredis run scripts faster: each is compiled once for a server, not at each call, and Lua collects its garbage
when it wants to, not after each call. What a script does stays what it was."""

from typing import Any

from fakeredis.commands_mixins.scripting_mixin import ScriptingCommandsMixin


class _Compiled:
    """A Lua runtime that remembers what it compiled."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._functions: dict[bytes, Any] = {}

    def execute(self, script: bytes | str) -> Any:
        if isinstance(script, str):
            # Only what fakeredis itself runs after each script is text: its collection of garbage.
            assert script == "collectgarbage()", f"fakeredis runs something unknown in Lua: {script}"
            return None
        function = self._functions.get(script)
        if function is None:
            function = self._functions[script] = self._runtime.compile(script)
        return function()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runtime, name)


def make_fast() -> None:
    """From now on, for all fake servers of this process."""
    original = ScriptingCommandsMixin._get_server_runtime

    def remembering(self: ScriptingCommandsMixin, server: Any) -> Any:
        if not hasattr(server, "_compiled_lua"):
            server._compiled_lua = _Compiled(original(self, server))
        return server._compiled_lua

    ScriptingCommandsMixin._get_server_runtime = remembering
