"""What `deploy/` holds, against the official schemas, the program's own checks, and a real PostgreSQL."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import sqlalchemy as sa
import yaml

import store
from config import load
from connectors.registry import option_models
from store.readers import grant_readonly
from tests.program import call

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "northing.yaml")
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MACROS = [
    (r"\$__timeFilter\(((?:[^()]|\([^()]*\))*)\)", r"(\1) BETWEEN '2026-08-01T00:00:00Z' AND '2026-12-01T00:00:00Z'"),
    (r"\$__timeGroup\(([^,]*),[^)]*\)", r"date_trunc('hour', \1)"),
    (r"\$cycle", "2026-Q4"),
]
"""What Grafana makes of its own words."""


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_the_compose_file_is_one_by_the_official_schema() -> None:
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [check, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_a_manifest_is_one_by_the_official_schema(path: Path) -> None:
    if path.name == "kustomization.yaml":
        named = yaml.safe_load(path.read_text())
        files = [*named["resources"], *(file for one in named["configMapGenerator"] for file in one["files"])]
        assert [file for file in files if not (path.parent / file).is_file()] == []
        return
    for document in documents(path):
        kubernetes_validate.validate(document, "1.31", strict=True)


@pytest.mark.parametrize("path", [DEPLOY / "northing" / "northing.yaml", DEPLOY / "kubernetes" / "northing.yaml"])
def test_the_configuration_that_is_deployed_is_valid(path: Path) -> None:
    env = {"DATABASE_URL": "postgresql://a:b@db/northing", "DB_PASSWORD": "b", "JIRA_TOKEN": "c", "ALERTS_URL": "d"}
    found = load(path, env=env, kinds=option_models())
    assert (found.warnings, found.config.queue, found.config.service.listen) == ([], "procrastinate", "0.0.0.0:8080")


def test_what_the_configuration_names_is_handed_to_every_process() -> None:
    names = set(re.findall(r"\$\{(\w+)", (DEPLOY / "northing" / "northing.yaml").read_text()))
    assert {
        name for one in ("serve", "worker") for name in names - set(compose()["services"][one]["environment"])
    } == set()
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text())) - {"NORTHING_VERSION"}
    assert asked == set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    named = set(re.findall(r"\$\{(\w+)", (DEPLOY / "kubernetes" / "northing.yaml").read_text()))
    assert named <= set(documents(DEPLOY / "kubernetes" / "secret.example.yaml")[0]["stringData"])


def test_no_container_of_ours_may_be_root_or_write_to_its_file_system() -> None:
    for name in ("serve", "worker", "grant"):
        one = compose()["services"][name]
        assert (one["user"], one["read_only"], one["cap_drop"]) == ("10001:10001", True, ["ALL"])
    pods = [
        one["spec"]["template"]["spec"] for path in KUBERNETES for one in documents(path) if one["kind"] == "Deployment"
    ]
    assert len(pods) == 2
    for pod in pods:
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_every_command_that_is_deployed_is_one_of_ours(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert len(commands) == 7
    for words in commands:
        told = call(*words[: 2 if words[0] == "db" else 1], "--help")
        assert told.code == 0
        assert [word for word in words if word.startswith("--") and word not in told.out] == []


@pytest.fixture
def commands() -> list[list[str]]:
    services = compose()["services"]
    found = [services[name]["command"] for name in ("serve", "worker", "grant")]
    for path in KUBERNETES:
        pods = [one["spec"]["template"]["spec"] for one in documents(path) if one["kind"] == "Deployment"]
        found += [pod["containers"][0]["args"] for pod in pods]
    for path in UNITS:
        [line] = re.findall(r"^ExecStart=\S+/northing (.*)$", path.read_text(), re.MULTILINE)
        found.append(line.split())
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here to be asked")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_reads_a_unit_and_finds_it_safe(path: Path, tmp_path: Path) -> None:
    program = tmp_path / "northing"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / path.name
    unit.write_text(path.read_text().replace("/opt/northing/bin/northing", str(program)))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert verified.stderr == ""
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout


@pytest.fixture
def reader(postgres_url: str) -> sa.Engine:
    """The public views as Grafana's role sees them."""
    engine = store.connect(postgres_url)
    store.migrate(engine)
    grant_readonly(engine, "grafana_of_test", "secret")
    engine.dispose()
    return sa.create_engine(engine.url.set(username="grafana_of_test", password="secret"), poolclass=sa.NullPool)


def test_grafanas_role_can_ask_whatever_the_dashboards_ask(reader: sa.Engine) -> None:
    queries = []
    for path in DASHBOARDS:
        board = json.loads(path.read_text())
        queries += [target["rawSql"] for panel in board["panels"] for target in panel["targets"]]
        queries += [one["query"] for one in board["templating"]["list"]]
    assert len(queries) > 15
    with reader.connect() as conn:
        for query in queries:
            for macro, meant in MACROS:
                query = re.sub(macro, meant, query)
            assert "$" not in query
            assert conn.exec_driver_sql(query).keys()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_has_a_title_says_what_it_shows_and_overlaps_no_other(path: Path) -> None:
    board = json.loads(path.read_text())
    assert board["uid"] == path.stem
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_home_dashboard_of_the_compose_file_is_there() -> None:
    grafana = compose()["services"]["grafana"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (DEPLOY / "grafana" / "dashboards" / home.name).is_file()
    [provider] = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/northing.yaml").read_text())["providers"]
    assert Path(provider["options"]["path"]) == home.parent
