"""STR309: an objective without a theme, or a theme without objectives."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    if not world.config.themes:
        return
    running = [one for one in world.objectives if one.active]
    for one in running:
        if one.theme is None:
            reason = RULE.reason("no_theme")
            yield Hit(
                subject_kind="objective",
                subject=one.key,
                severity=reason.severity,
                reason=reason.code,
                summary=f"{one.key} belongs to no theme",
                evidence={"title": one.title},
                team=one.team,
                cycle_end=one.cycle_end,
            )
    used = {one.theme for one in world.objectives if one.cycle_end >= world.day}
    for theme in world.config.themes if running else ():
        if theme.key not in used:
            reason = RULE.reason("no_objectives")
            yield Hit(
                subject_kind="theme",
                subject=theme.key,
                severity=reason.severity,
                reason=reason.code,
                summary=f"No objective of a running or coming cycle belongs to theme {theme.key}: {theme.title}",
                evidence={"title": theme.title},
            )


RULE = Rule(
    code="STR309",
    severity="info",
    finds="An objective that belongs to no theme, or a theme that no objective belongs to.",
    why=(
        "Themes say what the strategy is about. An objective without one is work whose place in the strategy nobody has"
        " told; a theme without objectives is strategy that nobody works on."
    ),
    computed=(
        "Only where the configuration lists `themes`. An objective whose cycle contains the day names none; or no"
        " objective of a running or coming cycle names the theme, while any objective runs at all."
    ),
    ends="The objective names a theme, an objective for the theme is written, or the theme is removed.",
    reasons=(
        Reason("no_theme", "info", "An objective names no theme."),
        Reason("no_objectives", "info", "No objective names the theme."),
    ),
    find=_find,
)
