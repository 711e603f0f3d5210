"""SYN508: a changed configuration that cannot be applied."""

from collections.abc import Iterator

from store import configuration
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    refusal = configuration.refused(world.conn)
    if refusal is not None:
        yield Hit(
            subject_kind="configuration",
            subject=refusal.file,
            severity=RULE.severity,
            summary=f"The changed configuration has {counted(len(refusal.errors), 'error')} and is not applied:"
            f" the one before stays in force. {refusal.errors[0]}",
            evidence={"errors": list(refusal.errors), "since": refusal.at.isoformat()},
        )


RULE = Rule(
    code="SYN508",
    severity="critical",
    finds="Changed configuration files that the service cannot apply.",
    why=(
        "The service goes on with the configuration that it read before. Whoever changed the files believes that their"
        " key results, teams and mappings count as written now, and they do not. At its next start the service would"
        " refuse to run."
    ),
    computed=(
        "`northing serve` watches its files, with all that they include and the files of secrets that they name. They"
        " have changed, and what they say has errors. The subject is the name of the main file; the evidence lists all"
        " errors with file and line, without secrets. Files that are wrong when a service starts are no finding: it"
        " does not start."
    ),
    ends="The files are right again. `northing config check` says what is wrong with them.",
    find=_find,
)
