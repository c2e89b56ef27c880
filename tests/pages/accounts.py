"""Which test runs which blocks of code of which page, and which kinds nobody can run.

The guides of docs/how-to, the quickstart, the tutorial and docs/operations.md are not listed: whatever is on them is typed
by test_typed.py.
"""

from typing import Final

#: What is no code: what a program prints, a tree of files, a drawing.
NO_CODE: Final = {"text", "mermaid"}

#: (page, kind of its blocks) → the test that runs them. The test names the page.
RUN: Final = {
    ("README.md", "python"): "tests/system/test_readme.py",
    ("README.md", "sh"): "tests/system/test_readme.py",
    ("docs/coming-from-airflow.md", "python"): "tests/kit/test_coming_from.py",
    ("docs/coming-from-celery.md", "python"): "tests/kit/test_coming_from.py",
    ("docs/coming-from-temporal.md", "python"): "tests/kit/test_coming_from.py",
    ("docs/deployment.md", "yaml"): "tests/deploy/test_chart.py",
    ("docs/http-api.md", "python"): "tests/pages/test_http_api.py",
    ("docs/http-api.md", "sh"): "tests/pages/test_http_api.py",
    ("docs/http-api.md", "yaml"): "tests/pages/test_http_api.py",
    ("docs/http-runtimes.md", "sh"): "tests/api/test_http_runtimes_page.py",
    ("docs/migration.md", "sh"): "tests/platform/test_migrate_command.py",
    ("docs/logs.md", "sh"): "tests/api/test_logs.py",
    ("docs/schedules.md", "json"): "tests/pages/test_blocks.py",
    ("docs/semantics.md", "json graph"): "tests/test_semantics_page.py",
    ("docs/semantics.md", "json rerun"): "tests/test_semantics_page.py",
    ("docs/semantics.md", "json trigger"): "tests/test_semantics_page.py",
    ("docs/semantics.md", "python"): "tests/test_semantics_page.py",
    ("docs/semantics.md", "python client"): "tests/test_semantics_page.py",
    ("docs/telemetry.md", "json"): "tests/api/test_telemetry_page.py",
    ("docs/telemetry.md", "python"): "tests/otel/test_spans.py",
    ("docs/testing.md", "python"): "tests/kit/test_page.py",
    ("examples/README.md", "sh"): "tests/api/test_approval_calls.py",
}

#: (page, kind) → why no test runs such a block of it.
NOT_RUN: Final = {
    ("CONTRIBUTING.md", "console"): "it would run this test, among all others",
    ("README.md", "console"): "make demo is tests/examples/test_demo.py; make test would run this test",
    (
        "docs/cli.md",
        "console",
    ): "jq may be missing, and a profile asks for a key: tests/platform/test_client_commands.py",
    ("docs/coming-from-airflow.md", "py"): "code for Airflow, which is not installed; it is read as Python",
    ("docs/coming-from-celery.md", "py"): "code for Celery, which is not installed; it is read as Python",
    ("docs/coming-from-temporal.md", "py"): "code for Temporal, which is not installed; it is read as Python",
    ("docs/dashboard.md", "console"): "builds with npm; that the targets exist is tests/test_pages.py",
    (
        "docs/deployment.md",
        "console",
    ): "docker, kubectl, helm and systemctl are not there: tests/deploy reads what they would run",
    ("docs/deployment.md", "dockerfile"): "docker is not there",
    ("docs/deployment.md", "ini"): "for systemd: tests/deploy/test_systemd.py checks its units",
    ("docs/how-to/producers.md", "console"): "test_typed.py types the address of the Redis that is there instead",
    ("docs/migration.md", "console"): "one of the two systems is another product",
    ("docs/operations.md", "console"): "redis-cli and systemctl are not there: test_restore.py goes the same way, and "
    "tests/platform/test_doctor_command.py runs the command",
    ("docs/proof.md", "console"): "campaigns of many minutes; a short one is in tests/semantics",
    (
        "docs/quickstart.md",
        "console",
    ): "installs from a package registry; what the wheel holds is tests/deploy/test_wheel.py",
    (
        "docs/redis.md",
        "console",
    ): "tests/topology/test_tls.py and tests/api/test_producer_servers.py give it to servers of their own",
    (
        "docs/reliability.md",
        "console",
    ): "campaigns of many minutes; short ones are in tests/chaos, tests/points and tests/mutants",
    ("docs/security.md", "console"): "with the id of a key that nobody has: tests/platform/test_key_command.py",
    (
        "docs/telemetry.md",
        "console",
    ): "installs from a package registry, for a collector that is not there: tests/system/test_traces.py has the spans printed",
    ("docs/testing.md", "console"): "installs from a package registry",
}

#: Kinds whose blocks may be left to people, when NOT_RUN says why.
FOR_PEOPLE: Final = {"console", "dockerfile", "ini", "py"}
