"""From files to a checked configuration, or to all that is wrong with them."""

import gc
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from config import cross_checks, reach
from config.channels import channels
from config.files import Files
from config.models import Config
from config.places import Place, Places
from config.plain import Plainer
from config.problems import ConfigError, Problem
from config.secrets import References
from config.settings import ConnectionOptions
from config.sources import Sources
from config.validation import Validation
from config.write_back import write_back


@dataclass(frozen=True)
class Loaded:
    """A configuration that can be used. `files` are all that were read, the main one first.

    `where(kind, key)` says in which file and line an "objective", a "key result", a "team", a "theme", a "cycle" or a
    "connection" is declared; a "mapping" by its key result and its number among those of it, like GROW.1#2.
    """

    config: Config
    warnings: list[Problem]
    files: tuple[Path, ...]
    references: References = field(repr=False)
    where: Callable[[str, str], tuple[Path, int] | None] = field(repr=False)


def find(explicit: Path | None, env: Mapping[str, str], cwd: Path) -> Path:
    """The main file: `explicit` (--config), else NORTHING_CONFIG, else `northing.yaml` in `cwd`.

    Raises `ConfigError` where there is none.
    """
    if explicit:
        path, source = cwd / explicit, "named by --config"
    elif env.get("NORTHING_CONFIG"):
        path, source = cwd / env["NORTHING_CONFIG"], "named by NORTHING_CONFIG"
    else:
        path, source = cwd / "northing.yaml", "and neither --config nor NORTHING_CONFIG names another"
    if path.exists():
        return path
    advice = "Write one with `northing init`, or look around first with `northing demo`."
    raise ConfigError([Problem(path, 0, 0, "", f"no such file ({source}). {advice}")])


def load(
    path: Path,
    *,
    env: Mapping[str, str],
    kinds: Mapping[str, type[ConnectionOptions]],
    more: Iterable[Path] = (),
    sources: Sources | None = None,
) -> Loaded:
    """Reads a configuration with all its includes.

    `env`: variables for `${VAR}`. `kinds`: the options of every kind of connection. `more`: files that are read as if
    the last of the files included them; one that is included already is read once. `sources` is told all files that
    count, those of secrets included. Neither network nor database is needed. Raises `ConfigError` with all errors of
    all files, and the warnings beside them.
    """
    with _no_collections():
        return _load(path, env, kinds, more, sources)


def _load(
    path: Path,
    env: Mapping[str, str],
    kinds: Mapping[str, type[ConnectionOptions]],
    more: Iterable[Path],
    sources: Sources | None,
) -> Loaded:
    base = path.absolute().parent
    references = References(env, base, sources)
    files = Files(references)
    joined = files.join(path, more)
    places = Places(joined)
    plainer = Plainer(places, references)
    data = plainer.value(joined.root)
    declared = cross_checks.Declared(data, places, complete=files.complete)
    validation = Validation(places, references, base, kinds)
    config = validation.config(data)
    problems = files.problems + plainer.problems + declared.problems + validation.problems
    problems += cross_checks.References(config, declared, places).problems()
    problems += cross_checks.circles(config, places)
    problems += cross_checks.shares(config, places)
    problems += cross_checks.curves(config, places)
    problems += cross_checks.former_keys(config, declared, places)
    problems += cross_checks.queue(config, places)
    problems += reach.Reach(config, declared, places).problems()
    problems += write_back(config, places, kinds)
    problems += channels(config, places)
    problems += reach.clear_tokens(config, places)
    problems += reach.literal_tokens(config, places)
    problems = [replace(one, message=references.hide(one.message)) for one in problems]
    if any(one.severity == "error" for one in problems):
        raise ConfigError(problems)

    def where(kind: str, key: str) -> tuple[Path, int] | None:
        place = _mapping(config, key) if kind == "mapping" else declared.known.get(kind, {}).get(key)
        return places.line(place) if place else None

    return Loaded(config, sorted(problems), tuple(file for file, _ in joined.documents), references, where)


def _mapping(config: Config, key: str) -> Place | None:
    name, _, number = key.rpartition("#")
    own = [one.position for one in config.mappings if one.key_result == name]
    return ("mappings", own[int(number) - 1]) if number.isdecimal() and 0 < int(number) <= len(own) else None


@contextmanager
def _no_collections() -> Generator[None]:
    """Half a million small objects that all stay: looking for garbage among them takes long and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
