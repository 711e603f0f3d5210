"""STR308: a lever that is owned by no team."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World
from sync.structure import in_doubt, levers


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    if not world.work_has_owners:
        return
    doubtful = set(in_doubt(world.conn))
    running = [one for one in world.active if one.id in doubtful]
    found = levers(world.conn, world.config, [one.id for one in running])
    for one in running:
        if one.id in world.unread_levers:
            yield Unjudged("key_result", one.key)
            continue
        listed_levers = found[one.id]
        nobodys = [lever for lever in listed_levers if not lever.owners]
        if nobodys:
            texts = [lever.text for lever in nobodys]
            many = f"{len(texts)} of {counted(len(listed_levers), 'lever')} of {one.key} are"
            which = f"Lever {nobodys[0].number} of {one.key} is" if len(texts) == 1 else many
            yield Hit(
                subject_kind="key_result",
                subject=one.key,
                severity=RULE.severity,
                summary=f"{which} owned by no team: {listed(texts, 3)}",
                evidence={
                    "title": one.title,
                    "levers": texts,
                    "numbers": [lever.number for lever in nobodys],
                    "matched": [lever.matched for lever in nobodys],
                    "of": len(listed_levers),
                },
                team=one.team,
                cycle_end=one.cycle_end,
            )


RULE = Rule(
    code="STR308",
    severity="critical",
    finds="Something that must move for a key result to move, and that is nobody's work.",
    why=(
        "What belongs to no team is in no backlog, and nobody is late with it. The key result depends on it all the"
        " same. Better to know before the cycle than to find out who thought that the others had it."
    ),
    computed=(
        "Of each lever of a key result whose cycle contains the day: none of the items that it matches, cancelled and"
        " deleted ones aside, belongs to a team. Where it matches none, it is the work of the team that it names itself"
        " (`team`), else of the team whose `owns` covers all that it could ever match: each key of `owns` is one of the"
        " lever's, and each of the lever's values fits it. If there is no such team either, the lever is owned by"
        " nobody. One finding for a key result names all of them. Not raised where nobody's work is known (no team"
        " `owns` any, and the tools name no team), nor before the places where a lever looks were read, nor while their"
        " connection fails."
    ),
    ends="A team `owns` the work that the lever names, or the lever is not needed any more.",
    find=_find,
)
