"""The description of the API as text: `python -m exosphere_orchestrator.http.openapi > docs/openapi.json`."""

import json
import sys

from pydantic import SecretStr

from exosphere_orchestrator.http.app import create_app
from exosphere_orchestrator.settings import Settings


def openapi_text() -> str:
    """Return the OpenAPI description as JSON, the same for the same code."""
    # Nothing is connected to and no key is used: the application is only described.
    unused = SecretStr("unused")
    app = create_app(Settings(redis_url=unused, api_key=unused, encryption_key=unused))
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_text())
