"""The OpenAPI description: what the framework finds in the routes, and the forms of what stands in paths."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder

from exosphere_core.api import PATH_PARAMETERS, ErrorBody

#: The content of every error answer. Named, it needs no model: the framework would make a validator for each answer of each
#: route, several hundred that check nothing, whenever the process starts.
ERROR_CONTENT: Final = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}


class DescribedApi(FastAPI):
    """An application that describes the parts of its paths, too."""

    def openapi(self) -> dict[str, Any]:
        """Return the description; made once."""
        if self.openapi_schema is None:
            described = super().openapi()
            # As the framework tells of the others: without a default that is null.
            error = jsonable_encoder(ErrorBody.model_json_schema(), exclude_none=True)
            described["components"]["schemas"][ErrorBody.__name__] = error
            for methods in described["paths"].values():
                for operation in methods.values():
                    for parameter in operation.get("parameters", ()):
                        if parameter["in"] == "path":
                            meaning, form = PATH_PARAMETERS[parameter["name"]]
                            parameter["description"] = meaning
                            parameter["schema"] |= form
        return super().openapi()
