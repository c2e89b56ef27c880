"""docs/http-runtimes.md: its commands do what it says, and its figures are those of the code."""

import json
import re
from pathlib import Path

from api.service import Service
from exosphere_core import api
from exosphere_orchestrator.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http-runtimes.md").read_text()

COMMAND = re.compile(r"""curl -X (\w+) "\$NS(/[^"]*)" -H "\$KEY" -H "\$JSON" -d '([^']*)'""")


def test_the_commands_of_the_page_run_a_graph_to_its_end(service: Service) -> None:
    commands = COMMAND.findall(PAGE)
    assert len(commands) == PAGE.count("curl -X") == 5
    answers = {}
    for method, path, body in commands:
        state = answers.get("enqueue", {}).get("states", [{}])[0]
        url = f"/v0/namespace/demo{path.replace('$STATE_ID', state.get('state_id', ''))}"
        answer = service.http.request(method, url, json=json.loads(body))
        assert answer.is_success, answer.text
        answers[path.rstrip("/").rpartition("/")[2]] = answer.json()
    assert answers["hello"]["validation_status"] == "VALID"
    assert answers["enqueue"]["states"][0]["inputs"] == {"who": "world"}
    assert answers["executed"] == {"status": "EXECUTED"}
    run = answers["trigger"]["run_id"]
    assert service.call(api.WAIT_RUN, namespace="demo", run_id=run).json()["status"] == "SUCCESS"


def test_the_page_tells_every_field_of_a_state_and_the_limits_that_hold() -> None:
    for field in api.EnqueuedState.model_fields:
        assert f"`{field}`" in PAGE, field
    assert f"never more than {api.MOST_ENQUEUED:,}" in PAGE
    assert Settings.model_fields["http_lease_ms"].default == 10 * 60_000
    assert "`EXOSPHERE_HTTP_LEASE_MS`: **10 minutes**" in PAGE
    for row in (api.ENQUEUE_STATES, api.STATE_EXECUTED, api.STATE_ERRORED, api.PRUNE_STATE, api.RE_ENQUEUE_STATE):
        assert row.path.replace(api.NAMESPACE, "…").replace("state_id", "id") in PAGE, row.path
