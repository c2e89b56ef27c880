"""What the chart makes: the form of the objects, their secrets, their times to end, and that they name what exists."""

import json
import re
from typing import Any

import kubernetes_validate
import pytest
from click import Context
from jsonschema import Draft202012Validator

from deploy.cases import CASES, EVERY, MADE, WORKER, environment, of_kind, pods
from deploy.chart import DEPLOY, merged, objects
from deploy.custom_kinds import CUSTOM_KINDS
from exosphere_cli.main import cli
from exosphere_core import api, health
from exosphere_core.access import KEY_VARIABLE, URI_VARIABLE, read_access
from exosphere_orchestrator.background.vitals import METRICS_PATH
from exosphere_orchestrator.server import _GRACE_S
from exosphere_orchestrator.settings import Settings, load_settings
from exosphere_orchestrator.vault import new_key
from exosphere_worker import link, loop_watch, metrics, runtime

#: As old as the chart allows, and the newest that the schemas know.
VERSIONS = ("1.27", kubernetes_validate.latest_version())


@pytest.mark.parametrize("one", [one for _, one in EVERY], ids=[name for name, _ in EVERY])
def test_an_object_follows_the_schema_of_its_kind(one: dict[str, Any]) -> None:
    custom = CUSTOM_KINDS.get((one["apiVersion"], one["kind"]))
    if custom is None:
        for version in VERSIONS:
            kubernetes_validate.validate(one, version, strict=True)
    else:
        assert [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(custom).iter_errors(one)] == []


def test_the_schemas_refuse_a_misspelt_field() -> None:
    (one, *_) = of_kind("Deployment").values()
    broken = json.loads(json.dumps(one))
    broken["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)
    scaled = json.loads(json.dumps(of_kind("ScaledObject")["exosphere-worker-loader"]))
    scaled["spec"]["minReplicas"] = 1
    assert not Draft202012Validator(CUSTOM_KINDS["keda.sh/v1alpha1", "ScaledObject"]).is_valid(scaled)


def test_what_is_made_is_what_was_asked_for() -> None:
    assert set(of_kind("Deployment", "default")) == {"exosphere-state-manager", "exosphere-background"}
    assert set(of_kind("Deployment")) == set(of_kind("PodDisruptionBudget")) == {
        "exosphere-state-manager", "exosphere-background", "exosphere-worker-loader", "exosphere-worker-plain",
    }  # fmt: skip
    assert set(of_kind("ScaledObject")) == set(of_kind("TriggerAuthentication")) == {"exosphere-worker-loader"}
    assert "replicas" not in of_kind("Deployment")["exosphere-worker-loader"]["spec"], "the autoscaler's"
    assert of_kind("Deployment")["exosphere-worker-plain"]["spec"]["replicas"] == 2
    assert not of_kind("Secret")


def test_names_are_given_once() -> None:
    for made in MADE.values():
        names = [(one["kind"], one["metadata"]["name"]) for one in made]
        assert len(names) == len(set(names))


def test_what_selects_pods_selects_those_of_one_deployment() -> None:
    deployments = of_kind("Deployment")
    labels = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in deployments.items()}
    wanted = {("Deployment", name): one["spec"]["selector"]["matchLabels"] for name, one in deployments.items()}
    for kind in ("PodDisruptionBudget", "Service"):
        for name, one in of_kind(kind).items():
            selector = one["spec"]["selector"]
            wanted[kind, name] = selector.get("matchLabels", selector)
    for (_, name), selector in wanted.items():
        assert [pod for pod, has in labels.items() if selector.items() <= has.items()] == [name]


@pytest.mark.parametrize("name, pod, container", list(pods()), ids=[name for name, _, _ in pods()])
def test_a_pod_runs_without_privileges_as_the_user_of_the_image(
    name: str, pod: dict[str, Any], container: dict[str, Any]
) -> None:
    user = re.search(r"^USER (\d+):(\d+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (int(user[1]), int(user[2]))
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert container["resources"]["requests"]
    tag = container["image"].rpartition(":")[2]
    assert re.fullmatch(r"\d+\.\d+\.\d+", tag)


@pytest.mark.parametrize("name, pod, container", list(pods()), ids=[name for name, _, _ in pods()])
def test_a_pod_starts_a_command_with_options_that_exist(
    name: str, pod: dict[str, Any], container: dict[str, Any]
) -> None:
    command, *options = container["args"]
    found = cli.get_command(Context(cli), command)
    assert found is not None
    found.make_context(command, options)


@pytest.mark.parametrize("part", ["state-manager", "background"])
@pytest.mark.parametrize("case", CASES)
def test_a_part_of_the_state_manager_gets_settings_that_it_accepts_and_secrets_by_reference(
    part: str, case: str
) -> None:
    given = environment(of_kind("Deployment", case)[f"exosphere-{part}"]["spec"]["template"]["spec"]["containers"][0])
    secret = {name: value for name, value in given.items() if value.startswith("<")}
    assert secret.pop("EXOSPHERE_WORKER_REDIS_URL", None) == (
        "<exosphere/worker-redis-url>" if case == "full" else None
    )
    assert secret == {
        "EXOSPHERE_REDIS_URL": "<exosphere/redis-url>",
        "STATE_MANAGER_SECRET": "<exosphere/root-key>",
        "SECRETS_ENCRYPTION_KEY": "<exosphere/encryption-key>",
    }
    assert set(given) <= {field.title for field in Settings.model_fields.values()}
    url = "rediss://redis:6379/0"
    known = {"EXOSPHERE_REDIS_URL": url, "STATE_MANAGER_SECRET": "x" * 32, "SECRETS_ENCRYPTION_KEY": new_key()}
    if case == "full":
        known["EXOSPHERE_WORKER_REDIS_URL"] = url
    settings = load_settings({**given, **known})
    assert settings.log_format == "json"
    assert settings.shards == (6 if case == "full" else 1)


def test_a_worker_gets_the_address_of_the_service_its_own_key_and_no_secret_of_the_state_manager() -> None:
    (service,) = of_kind("Service").values()
    for name in ("loader", "plain"):
        pod = of_kind("Deployment")[f"exosphere-worker-{name}"]["spec"]["template"]["spec"]
        given = environment(pod["containers"][0])
        access = read_access(None, None, given)
        assert access.uri == f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
        assert access.key == given[KEY_VARIABLE] == "<exosphere-loader/api-key>"
        assert URI_VARIABLE in given
        assert "<exosphere/" not in json.dumps(given)


def test_what_is_probed_and_read_exists() -> None:
    for name, _, container in pods():
        ports = {port["name"] for port in container.get("ports", ())}
        probes = [probe for key, probe in container.items() if key.endswith("Probe")]
        assert len(probes) == 3
        known = {api.HEALTH.path, api.READY.path} if "state-manager" in name else {health.PATH}
        assert {probe["httpGet"]["path"] for probe in probes} <= known
        assert {probe["httpGet"]["port"] for probe in probes} <= ports
        if "state-manager" in name:
            assert container["readinessProbe"]["httpGet"]["path"] == api.READY.path
            assert container["livenessProbe"]["httpGet"]["path"] == api.HEALTH.path
    monitors = of_kind("PodMonitor")
    assert set(monitors) == {"exosphere-workers", "exosphere-background"}
    for monitor in monitors.values():
        (end,) = monitor["spec"]["podMetricsEndpoints"]
        assert (end["port"], end["path"]) == ("health", metrics.PATH)
    assert metrics.PATH == METRICS_PATH
    found = monitors["exosphere-background"]["spec"]["selector"]["matchLabels"].items()
    labels = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in of_kind("Deployment").items()}
    assert [name for name, of in labels.items() if found <= of.items()] == ["exosphere-background"]


@pytest.mark.parametrize("grace_ms", [0, 1, 10_000, 1_500_001])
def test_a_worker_has_time_for_its_grace_and_to_give_back_the_rest(grace_ms: int) -> None:
    made = objects({"workers": {"w": {**WORKER, "shutdownGraceMs": grace_ms}}})
    (pod,) = [one["spec"]["template"]["spec"] for one in made if one["metadata"]["name"] == "exosphere-worker-w" and one["kind"] == "Deployment"]  # fmt: skip
    assert environment(pod["containers"][0])["EXOSPHERE_SHUTDOWN_GRACE_MS"] == str(grace_ms)
    # Breaking off and the last reports have that long each.
    assert pod["terminationGracePeriodSeconds"] >= grace_ms / 1000 + 2 * link._LAST_REPORTS_S + 5


def test_the_grace_of_the_chart_is_that_of_a_runtime_without_a_setting() -> None:
    assert merged({})["workerDefaults"]["shutdownGraceMs"] == runtime._DEFAULT_GRACE_MS


def test_a_state_manager_has_time_to_leave_the_service_and_to_end_its_calls() -> None:
    for name, pod, container in pods():
        if "state-manager" in name:
            drain_s = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
            assert pod["terminationGracePeriodSeconds"] >= drain_s + 2 * _GRACE_S


def test_a_worker_is_started_again_only_after_it_gave_up_what_a_blocked_loop_held() -> None:
    for name, _, container in pods():
        if "worker" in name:
            probe = container["livenessProbe"]
            limit_s = loop_watch._DEFAULT_LIMIT_MS / 1000
            assert probe["periodSeconds"] * probe["failureThreshold"] > limit_s
