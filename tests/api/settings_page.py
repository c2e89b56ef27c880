"""What docs/settings.md must say about the state manager: `python tests/api/settings_page.py` prints its table."""

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from exosphere_orchestrator.settings import Settings

HEAD = "| variable | default | meaning |\n|---|---|---|\n"


def row_of(field: FieldInfo) -> str:
    """The line of one setting."""
    if field.is_required():
        default = "*must be set*"
    elif field.default is None:
        default = "none"
    else:
        assert not isinstance(field.default, SecretStr), "a secret has no default"
        default = f"`{field.default}`"
    return f"| `{field.title}` | {default} | {field.description} |\n"


def state_manager_table() -> str:
    """The table of all settings of the state manager, in the order of the class."""
    return HEAD + "".join(row_of(field) for field in Settings.model_fields.values())


if __name__ == "__main__":
    print(state_manager_table(), end="")
