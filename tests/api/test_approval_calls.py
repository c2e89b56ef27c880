"""examples/README.md: the calls with which a human answers a question do what it says."""

import json
import re
from pathlib import Path

from api.service import Space, node_class

PAGE = (Path(__file__).resolve().parents[2] / "examples" / "README.md").read_text()

COMMAND = re.compile(r"""curl -X (\w+) "\$NS(/[^"]*)" -H "\$KEY" -H "\$JSON" -d '([^']*)' *(?:# (.*))?""")


def test_yes_no_and_later_of_the_page_end_prune_and_put_off_the_question(space: Space) -> None:
    (method, path, body, _), *answers = COMMAND.findall(PAGE)
    assert [said for *_, said in answers] == ["yes", "no", "ask again in an hour"]
    space.register(node_class("Approve", outputs=["approved_by"]))
    space.graph({"node_name": "Approve", "namespace": space.name, "identifier": "approve", "inputs": {}})
    came_of_it = []
    for answer in answers:
        run = space.trigger()
        asked = space.service.http.request(method, f"/v0/namespace/{space.name}{path}", json=json.loads(body)).json()
        (question,) = asked["states"]
        told = space.service.http.request(
            answer[0],
            f"/v0/namespace/{space.name}{answer[1].replace('$STATE_ID', question['state_id'])}",
            json=json.loads(answer[2]),
        )
        assert told.is_success, told.text
        came_of_it.append((told.json()["status"], space.wait(run, timeout_ms=1)["status"]))
    assert came_of_it == [("EXECUTED", "SUCCESS"), ("PRUNED", "SUCCESS"), ("CREATED", "PENDING")]
