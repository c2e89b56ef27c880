"""Serves the dashboard: files that were built, and the one page that all of its addresses show."""

import re
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

#: Where `make dashboard` puts what it builds, and where the wheel has it.
BUILT: Final = Path(__file__).resolve().parent.parent / "dashboard"

#: What it is made of, in a checkout.
SOURCE: Final = BUILT.parent.parent / "dashboard"

#: Addresses that the page itself makes something of. Named one by one: whatever else is asked for stays "no such call".
PAGES: Final = (
    "/",
    "/sign-in",
    "/ns",
    "/ns/{rest:path}",
    "/runs",
    "/runs/{rest:path}",
    "/graphs",
    "/graphs/{rest:path}",
)

#: No script, style or call from anywhere else, none written into the page, no page around it.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

#: The names have a hash of the content in them.
_FOR_EVER: Final = "public, max-age=31536000, immutable"
#: The page names the files of one build: it is asked for anew each time.
_ASK_EACH_TIME: Final = "no-cache"

_ASSET: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}", re.ASCII)
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Exosphere</title>
<h1>The dashboard is not built</h1>
<p>This state manager runs from a checkout. Build the dashboard with <code>make dashboard</code> (it needs Node.js 20.19 or
newer with npm), then load this page again. The HTTP API works without it: <a href="/openapi.json">its description</a>.</p>
</html>
"""


def dashboard_routes(built: Path = BUILT) -> list[BaseRoute]:
    """Return the routes of the dashboard; none of them needs a key, and what they answer holds no data.

    Args:
        built: the folder with `index.html` and `assets/`; it may be missing, and may come while this runs.
    """

    async def page(request: Request) -> Response:
        headers = {"content-security-policy": CONTENT_SECURITY_POLICY, "cache-control": _ASK_EACH_TIME}
        index = built / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, 503, headers=headers)
        return FileResponse(index, headers=headers, media_type=_KINDS[".html"])

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        path = built / "assets" / name
        kind = _KINDS.get(path.suffix)
        if kind is None or not _ASSET.fullmatch(name) or not path.is_file():
            raise HTTPException(404)
        headers = {"cache-control": _FOR_EVER, "vary": "accept-encoding"}
        packed = path.with_name(f"{name}.gz")
        if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
            path = packed
            headers["content-encoding"] = "gzip"
        return FileResponse(path, headers=headers, media_type=kind)

    return [*(Route(path, page) for path in PAGES), Route("/assets/{name}", asset)]
