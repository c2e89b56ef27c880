"""What holds for every call: the key, the request id, the limit on bodies, and the form of errors."""

import io
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api.service import KEY, Service, Space, eventually, path_of
from exosphere_core import api
from exosphere_core.logs import JsonLines, TextLines

REGISTRATION = path_of(api.REGISTER_NODES, namespace="gate")
JSON = {"content-type": "application/json"}
UNKNOWN_PATHS = ["/v0", "/v0/", "/v0/nothing", "/docs", "/v1/namespaces", "/v0/namespace/a/b/c"]


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], KEY + "x", KEY.upper(), "schlüssel".encode()])
def test_a_wrong_key_is_refused_in_the_documented_words(service: Service, key: str | bytes) -> None:
    answer = service.http.get("/v0/namespaces", headers={api.API_KEY_HEADER: key})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid API key"}


def test_health_and_the_description_of_the_api_need_no_key(service: Service) -> None:
    del service.http.headers[api.API_KEY_HEADER]
    try:
        assert service.http.get("/health").json() == {"message": "OK"}
        assert service.http.get("/readyz").status_code == 200
        assert service.http.get("/openapi.json").status_code == 200
        assert service.http.get("/v0/namespaces").status_code == 401
    finally:
        service.http.headers[api.API_KEY_HEADER] = KEY


@pytest.mark.parametrize("path", ["/health", "/v0/namespaces", "/v0/nothing", "/v0/namespace/gate/graph/none"])
def test_the_request_id_of_the_caller_is_echoed_on_every_answer(service: Service, path: str) -> None:
    answer = service.http.get(path, headers={api.REQUEST_ID_HEADER: "trace:4f-1.2_x"})
    assert answer.headers.get_list(api.REQUEST_ID_HEADER) == ["trace:4f-1.2_x"]


def test_a_request_without_an_id_gets_a_new_one_also_when_it_is_refused(service: Service) -> None:
    answers = [service.http.get("/v0/namespaces", headers={api.API_KEY_HEADER: key}) for key in (KEY, KEY, "wrong")]
    ids = {answer.headers[api.REQUEST_ID_HEADER] for answer in answers}
    assert len(ids) == 3
    assert all(len(made) == 32 for made in ids)


@pytest.mark.parametrize("hostile", ["a" * 129, "a b", "<script>", "a,b", "ä".encode(), "", "${jndi}"])
def test_a_hostile_request_id_is_replaced(service: Service, hostile: str | bytes) -> None:
    answer = service.http.get("/health", headers={api.REQUEST_ID_HEADER: hostile})
    assert len(answer.headers[api.REQUEST_ID_HEADER]) == 32


@pytest.fixture(scope="module")
def narrow(redis_url: str) -> Iterator[Service]:
    with Service(redis_url, max_body_bytes=2048) as service:
        yield service


def test_a_body_that_declares_more_than_the_limit_is_refused_with_limit_and_size(narrow: Service) -> None:
    answer = narrow.http.put(REGISTRATION, content=b" " * 3000, headers=JSON)
    assert answer.status_code == 413
    assert "3000" in answer.json()["detail"]
    assert "2048 (EXOSPHERE_MAX_BODY_BYTES)" in answer.json()["detail"]


def test_a_streamed_body_is_refused_when_it_passes_the_limit(narrow: Service) -> None:
    chunks = (b" " * 1000 for _ in range(4))
    answer = narrow.http.put(REGISTRATION, content=chunks, headers=JSON)
    assert answer.status_code == 413
    assert "2048 (EXOSPHERE_MAX_BODY_BYTES)" in answer.json()["detail"]
    assert answer.headers[api.REQUEST_ID_HEADER]


def test_a_body_of_just_the_limit_is_read(narrow: Service) -> None:
    body = b'{"runtime_name": "rt", "nodes": []}'.ljust(2048)
    assert narrow.http.put(REGISTRATION, content=body, headers=JSON).status_code == 200
    chunks = (body[start : start + 512] for start in range(0, 2048, 512))
    assert narrow.http.put(REGISTRATION, content=chunks, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"runtime_name":', "Expecting value at line 1 column 17"),
        (b'{"a": 1,}', "line 1 column"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (rb'{"a": "\ud800"}', r"the escape \ud800 is half of a surrogate pair"),
        (rb'{"\uDC00": 1}', r"the escape \udc00 is half of a surrogate pair"),
        (b"[" * 100_000, "nested too deeply; the limit is 100 (EXOSPHERE_MAX_JSON_DEPTH)"),
    ],
)
def test_a_body_that_is_no_json_is_refused_with_the_place(service: Service, body: bytes, said: str) -> None:
    answer = service.http.put(REGISTRATION, content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("the body is not JSON: ")
    assert said in answer.json()["detail"]


def test_whole_surrogate_pairs_and_all_other_text_arrive_as_they_are(service: Service) -> None:
    space = Space(service, "text")
    space.chain()
    answer = service.http.post(
        path_of(api.TRIGGER, namespace="text", graph_name="g"),
        content=rb'{"store": {"a": "\ud83d\ude00 \u0000 \"", "b": "\\ud800"}}', headers=JSON,
    )  # fmt: skip
    store = space.ok(api.GET_RUN, run_id=answer.json()["run_id"])["store"]
    assert store == {"a": '\U0001f600 \0 "', "b": "\\ud800"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"", {}), (b"[]", JSON), (b"null", JSON), (b"5", JSON), (b"{}", {}), (b"a=b", {"content-type": "text/plain"})],
)
def test_a_body_that_is_no_json_object_is_refused_in_one_sentence(
    service: Service, body: bytes, headers: dict[str, str]
) -> None:
    answer = service.http.put(REGISTRATION, content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "the body must be a JSON object, sent with the header content-type: application/json"
    )


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
def test_an_unknown_path_is_not_found_and_named(service: Service, path: str) -> None:
    answer = service.http.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"detail": f"there is no call GET {path}"}


@pytest.mark.parametrize("path", [path for path in UNKNOWN_PATHS if path.startswith("/v0/")])
def test_whether_a_path_exists_is_not_told_without_a_key(service: Service, path: str) -> None:
    assert service.http.get(path, headers={api.API_KEY_HEADER: "wrong"}).status_code == 401


def test_a_wrong_method_is_refused_and_the_right_one_told(service: Service) -> None:
    answer = service.http.delete(path_of(api.LIST_GRAPHS, namespace="gate"))
    assert answer.status_code == 405
    assert answer.json() == {"detail": "there is no call DELETE /v0/namespace/gate/graphs/"}
    assert answer.headers["allow"] == "GET"
    several = service.http.request("POST", path_of(api.GET_GRAPH, namespace="gate", graph_name="g"))
    assert (several.status_code, several.headers["allow"]) == (405, "DELETE, GET, PUT")


def test_a_fault_of_the_state_manager_shows_an_id_for_its_log_and_nothing_of_its_inside(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = secrets.token_hex(8)

    async def fail(*arguments: object) -> None:
        raise RuntimeError(inside)

    monkeypatch.setattr("exosphere_core.store.catalog.read_namespaces", fail)
    with written(TextLines("%(message)s")) as log:
        answer = service.http.get("/v0/namespaces", headers={api.REQUEST_ID_HEADER: "find-me"})
    assert answer.status_code == 500
    assert answer.json()["detail"].endswith("under request id find-me")
    assert inside not in answer.text
    assert "Traceback" not in answer.text
    assert "'/v0/namespaces' failed (request find-me)" in log.getvalue()
    assert inside in log.getvalue()


@contextmanager
def written(form: logging.Formatter) -> Iterator[io.StringIO]:
    """What the state manager logs meanwhile, as its log shows it."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(form)
    ours = logging.getLogger("exosphere")
    level = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        ours.removeHandler(handler)
        ours.setLevel(level)


def test_each_line_that_is_logged_for_a_request_carries_its_id(service: Service) -> None:
    for form, spelled in ((TextLines("%(message)s"), "(request find-me)"), (JsonLines(), '"request_id": "find-me"')):
        with written(form) as log:
            service.http.get("/v0/namespaces", headers={api.REQUEST_ID_HEADER: "find-me"})
            eventually("it is logged", lambda log=log: "was answered" in log.getvalue())
        (line,) = [line for line in log.getvalue().splitlines() if "GET" in line]
        assert "'/v0/namespaces' was answered 200 in " in line
        assert spelled in line
