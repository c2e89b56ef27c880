"""One `exosphere dev` for all pages that need one; each page has a namespace of its own."""

from collections.abc import Iterator

import pytest

from sdk.dev_process import Dev, running_dev


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running_dev(tmp_path_factory.mktemp("dev")) as running:
        yield running
