"""The OpenAPI description: what the framework finds in the routes, and the forms of what stands in paths."""

from typing import Any

from fastapi import FastAPI

from exosphere_core.api import PATH_PARAMETERS


class DescribedApi(FastAPI):
    """An application that describes the parts of its paths, too."""

    def openapi(self) -> dict[str, Any]:
        """Return the description; made once."""
        if self.openapi_schema is None:
            for methods in super().openapi()["paths"].values():
                for operation in methods.values():
                    for parameter in operation.get("parameters", ()):
                        if parameter["in"] == "path":
                            meaning, form = PATH_PARAMETERS[parameter["name"]]
                            parameter["description"] = meaning
                            parameter["schema"] |= form
        return super().openapi()
