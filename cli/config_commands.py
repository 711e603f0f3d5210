"""`northing config check`, `config show` and `config schema`."""

import os
from pathlib import Path
from typing import Any

import typer

from cli.session import WRONG, ConfigOption, JsonOption, QuietOption, command, group, session


def register(program: typer.Typer) -> None:
    """Adds the group with its commands."""
    app = group(program, "config", "Test, print or describe the configuration.")

    @command(app, "check", "northing config check", "northing config check --config okrs/northing.yaml --json")
    def check(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Test the configuration, without network or database. Lists all mistakes of all files with their places."""
        at = session(ctx, config, json, quiet)
        from cli.problems import as_data, lines
        from config import ConfigError, find, load
        from connectors.registry import option_models

        summary = ""
        try:
            path = find(at.config, os.environ, Path.cwd())
            found = load(path, env=os.environ, kinds=option_models())
            at.hide = found.references.hide
            problems, summary = found.warnings, _summary(found.config, len(found.files))
        except ConfigError as error:
            problems = error.problems
        if at.json:
            at.data([as_data(problem) for problem in problems])
        else:
            for line in lines(problems):
                at.say(line)
            if summary and not at.quiet:
                at.say(summary)
        if any(problem.severity == "error" for problem in problems):
            raise typer.Exit(WRONG)

    @command(app, "show", "northing config show", "northing config show --json")
    def show(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Print the effective configuration: includes joined, defaults filled in, secrets masked."""
        at = session(ctx, config, json, quiet)
        from cli.wiring import loaded
        from config import effective

        values = effective(loaded(at))
        if at.json:
            at.data(values)
        else:
            at.say(as_yaml(values))

    @command(app, "schema", "northing config schema > northing.schema.json")
    def schema(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Print the JSON Schema of the configuration, from which editors complete."""
        session(ctx, config, json, quiet).data(schema_of_all_kinds())


def schema_of_all_kinds() -> dict[str, Any]:
    """The JSON Schema of a configuration file with all kinds of connections that are installed."""
    from config import json_schema
    from connectors.registry import option_models

    return json_schema(option_models())


def as_yaml(values: Any) -> str:
    """JSON values as YAML in blocks, without aliases. Texts that could be read as something else are quoted."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    return yaml.dump(values, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110).rstrip("\n")


def _summary(config: Any, files: int) -> str:
    from cli.bars import counted

    key_results = sum(len(one.key_results) for one in config.objectives)
    parts = [
        counted(files, "file"),
        counted(len(config.connections), "connection"),
        counted(len(config.objectives), "objective"),
        counted(key_results, "key result"),
        counted(len(config.mappings), "mapping"),
    ]
    return f"The configuration is fine: {', '.join(parts)}."
