"""The dashboard as the state manager serves it: addresses, headers, and what it must not get in the way of."""

import asyncio
import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from api.service import Service
from exosphere_core import api
from exosphere_orchestrator.http.dashboard import CONTENT_SECURITY_POLICY, PAGES, dashboard_routes

INDEX = "<!doctype html><title>Exosphere</title><script type=module src=/assets/index-1.js></script>"
SCRIPT = "document.title = 'here'"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "dashboard"


@pytest.fixture
def built(folder: Path) -> Path:
    assets = folder / "assets"
    assets.mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (assets / "index-1.js").write_text(SCRIPT)
    (assets / "index-1.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (assets / "style-1.css").write_text("body {}")
    (folder / "secret.js").write_text("outside of the assets")
    return folder


class Browser:
    """Asks an application that serves nothing but a dashboard."""

    def __init__(self, folder: Path) -> None:
        self._transport = httpx.ASGITransport(Starlette(routes=dashboard_routes(folder)))

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://board") as client:
                return await client.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})

        return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/", "/ns/default/runs", "/ns/default/runs/0-abc", "/runs/0-abc"])
def test_every_address_of_the_dashboard_shows_its_one_page(built: Path, path: str) -> None:
    answer = Browser(built).get(path)
    assert answer.status_code == 200
    assert answer.text == INDEX
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    # A page of an older build would ask for files that are gone.
    assert answer.headers["cache-control"] == "no-cache"


def test_no_script_that_is_not_a_file_of_the_dashboard_may_run_in_it(built: Path) -> None:
    policy = Browser(built).get("/").headers["content-security-policy"]
    assert policy == CONTENT_SECURITY_POLICY
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy


def test_a_built_file_is_kept_for_ever_and_sent_compressed_to_who_can_read_that(built: Path) -> None:
    client = Browser(built)
    packed = client.get("/assets/index-1.js", accept_encoding="gzip")
    plain = client.get("/assets/index-1.js", accept_encoding="identity")
    assert (packed.headers["content-encoding"], packed.text) == ("gzip", SCRIPT)
    assert ("content-encoding" not in plain.headers, plain.text) == (True, SCRIPT)
    for answer in (packed, plain):
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["vary"] == "accept-encoding"
    assert client.get("/assets/style-1.css").headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing.js", "/assets/..%2Fsecret.js", "/assets/%2e%2e/secret.js", "/assets/..%5Csecret.js",
        "/assets/index-1.js.gz", "/assets/.js", "/assets/", "/assets/index-1.js%00.css", "/secret.js",
    ],
)  # fmt: skip
def test_nothing_but_the_built_files_can_be_had(built: Path, path: str) -> None:
    answer = Browser(built).get(path)
    assert answer.status_code == 404
    assert "outside" not in answer.text


def test_without_a_build_the_page_says_how_to_make_one(folder: Path) -> None:
    answer = Browser(folder).get("/")
    assert answer.status_code == 503
    assert "make dashboard" in answer.text
    assert "Node.js" in answer.text
    assert "'unsafe" not in answer.headers["content-security-policy"]


def test_a_build_that_comes_later_is_served_without_a_restart(folder: Path) -> None:
    client = Browser(folder)
    assert client.get("/").status_code == 503
    folder.mkdir()
    (folder / "index.html").write_text(INDEX)
    assert client.get("/").text == INDEX


def test_the_state_manager_serves_it_without_a_key_and_its_calls_stay_what_they_are(service: Service) -> None:
    page = httpx.get(service.http.base_url.join("/ns/default/runs"), trust_env=False)
    assert page.status_code in (200, 503)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert page.headers["x-frame-options"] == "DENY"
    assert httpx.get(service.http.base_url.join("/v0/runs"), trust_env=False).status_code == 401
    assert service.http.get("/v0/runs").json() == {"detail": "there is no call GET /v0/runs"}
    assert service.http.get("/nothing").json() == {"detail": "there is no call GET /nothing"}
    assert service.http.get("/assets/nothing.js").json() == {"detail": "there is no call GET /assets/nothing.js"}
    assert service.http.post("/").status_code == 405


def test_no_address_of_the_dashboard_is_that_of_a_call() -> None:
    first = {path.split("/")[1] for path in PAGES} | {"assets"}
    assert not first & {row.path.split("/")[1] for row in api.ROWS}


@pytest.mark.parametrize("role", ["viewer", "runtime", "admin"])
def test_any_key_is_told_what_it_is_good_for(service: Service, role: str) -> None:
    made = service.new_key(role, "mine")
    told = service.call(api.WHOAMI, headers={api.API_KEY_HEADER: made["key"]}).json()
    assert {**told, "time": ""} == {"key_id": made["id"], "role": role, "namespace": "mine", "time": ""}
    root = service.call(api.WHOAMI).json()
    assert (root["key_id"], root["role"], root["namespace"]) == ("root", "admin", "*")
    assert root["time"] > made["created_at"]
