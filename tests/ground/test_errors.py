"""The tree of errors: one class for each thing to do about it, the same on both sides of HTTP."""

import pytest

from exosphere_core import errors
from exosphere_core.errors import BY_STATUS, ExosphereError, InvalidGraph


def tree(of: type[ExosphereError] = ExosphereError) -> list[type[ExosphereError]]:
    return [of, *(below for child in of.__subclasses__() for below in tree(child) if child.__module__ == of.__module__)]


def test_an_error_is_text_that_can_be_read() -> None:
    error = errors.NotFound("graph 'g' does not exist in namespace 'lab'")
    assert str(error) == error.detail == "graph 'g' does not exist in namespace 'lab'"
    assert isinstance(error, Exception)


def test_an_invalid_graph_lists_everything_wrong_with_it() -> None:
    assert InvalidGraph("graph 'g' is invalid", ["one", "two"]).errors == ["one", "two"]


@pytest.mark.parametrize("status", BY_STATUS)
def test_a_client_raises_the_class_that_the_server_raised(status: int) -> None:
    same = {422: 400, 502: 503, 504: 503}
    assert BY_STATUS[status].http_status == same.get(status, status)


def test_every_class_with_a_status_of_its_own_comes_back_from_that_status() -> None:
    for error in tree():
        if "http_status" in vars(error) and error is not ExosphereError:
            assert issubclass(error, BY_STATUS[error.http_status])


def test_the_drawing_of_the_tree_names_every_class_and_its_status() -> None:
    drawing = (errors.__doc__ or "").splitlines()
    for error in tree():
        (line,) = [line for line in drawing if error.__name__ in line.split()]
        if error.http_status != 500:
            assert str(error.http_status) in line.split(), error.__name__
