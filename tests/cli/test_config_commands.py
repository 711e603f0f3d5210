"""`northing config check`, `show` and `schema`."""

import jsonschema
import pytest
import yaml

from tests.cli.conftest import Northing


def test_a_good_configuration_is_fine(fresh: Northing) -> None:
    result = fresh("config", "check")
    assert (result.code, result.err) == (0, "")
    assert "19 key results" in result.out
    assert fresh("config", "check", "--json").data == []
    assert not (fresh.folder / "northing.db").exists()


def test_all_mistakes_of_all_files_come_at_once_with_their_places(
    fresh: Northing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh.folder)
    fresh.edit("northing.yaml", "repositories:", "repositorys:")
    fresh.edit("teams/growth.yaml", "key_result: REACH.3", "key_result: REACH.9")
    result = fresh("config", "check")
    repository, key_result = result.out.splitlines()

    assert result.code == 2
    assert repository.startswith("northing.yaml:15:5: ")
    assert repository.endswith("Did you mean `repositories`?")
    assert key_result.startswith("teams/growth.yaml:6:17: ")
    assert "`REACH.9`" in key_result
    data = fresh("config", "check", "--json")
    assert data.code == 2
    assert {"file", "line", "column", "path", "message", "severity"} == set(data.data[0])
    assert ("teams/growth.yaml", 6, 17) in {(one["file"], one["line"], one["column"]) for one in data.data}


@pytest.mark.parametrize("command", ["sync", "doctor", "config show", "map diff", "checkin CHECKOUT.1 2.4"])
def test_no_command_runs_on_a_wrong_configuration(fresh: Northing, command: str) -> None:
    fresh.edit("northing.yaml", "repositories:", "repositorys:")
    result = fresh(*command.split())
    assert (result.code, result.out) == (2, "")
    assert "did you mean `repositories`" in result.err.lower()
    assert "Traceback" not in result.err


def test_show_fills_in_defaults_and_masks_secrets(fresh: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORTHING_DEMO_GITHUB_TOKEN", "ghp_very-secret")
    plain, data = fresh("config", "show"), fresh("config", "show", "--json").data

    assert yaml.safe_load(plain.out) == yaml.safe_load(yaml.safe_dump(data))
    assert data["counting"]["measure"] == "count"
    assert data["connections"]["github"]["auth"]["token"] == "***"
    assert "ghp_very-secret" not in plain.out + plain.err


def test_the_schema_accepts_the_sample_company(fresh: Northing) -> None:
    schema = fresh("config", "schema").data
    jsonschema.Draft202012Validator.check_schema(schema)
    text = (fresh.folder / "teams" / "teams.yaml").read_text()
    jsonschema.validate(yaml.safe_load(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"teams": [{"name": "without a key"}]}, schema)
