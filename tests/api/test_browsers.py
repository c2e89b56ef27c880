"""Pages in browsers: what they may do with an answer, and which sites may call."""

from collections.abc import Iterator

import pytest

from api.service import KEY, Service, path_of, settings
from exosphere_core import api

SITE = "https://board.example"
PREFLIGHT = {"origin": SITE, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
PATH = path_of(api.TRIGGER, namespace="ns", graph_name="g")


@pytest.fixture(scope="module")
def open_to_a_site(redis_url: str) -> Iterator[Service]:
    with Service(redis_url, cors_origins=f"{SITE}, http://localhost:3000") as service:
        yield service


@pytest.mark.parametrize("path", ["/health", "/v0/namespaces", "/v0/nothing", "/openapi.json"])
@pytest.mark.parametrize("key", [KEY, "wrong"])
def test_every_answer_tells_browsers_to_keep_and_show_nothing_of_it(service: Service, path: str, key: str) -> None:
    headers = service.http.get(path, headers={api.API_KEY_HEADER: key}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_pages_of_other_sites_may_not_call_by_default(service: Service) -> None:
    answer = service.http.options(PATH, headers=PREFLIGHT)
    assert answer.status_code in (401, 405)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    answer = service.http.get("/v0/namespaces", headers={"origin": SITE})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_pages_of_a_site_that_is_named_may_call_with_a_key(open_to_a_site: Service) -> None:
    answer = open_to_a_site.http.options(PATH, headers={**PREFLIGHT, api.API_KEY_HEADER: ""})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SITE
    assert "x-api-key" in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers
    for key, status in ((KEY, 200), ("wrong", 401)):
        answer = open_to_a_site.http.get("/v0/namespaces", headers={"origin": SITE, api.API_KEY_HEADER: key})
        assert answer.status_code == status
        # Without it the page could not read why it was refused.
        assert answer.headers["access-control-allow-origin"] == SITE


def test_pages_of_a_site_that_is_not_named_may_not_call(open_to_a_site: Service) -> None:
    other = "https://board.example.evil.example"
    answer = open_to_a_site.http.options(PATH, headers={**PREFLIGHT, "origin": other})
    assert answer.status_code == 400
    assert answer.headers.get("access-control-allow-origin") != other
    answer = open_to_a_site.http.get("/v0/namespaces", headers={"origin": other})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["*", "board.example", "https://board.example/", "null", "https://*.example"])
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(ValueError, match=r"is no origin; it must look like https://example\.org"):
        settings("redis://localhost", cors_origins=f"{SITE},{origin}")
