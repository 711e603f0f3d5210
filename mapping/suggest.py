"""Which key result a piece of work could serve, by the words of both, and by team, component and label.

Plain records in, scored pairs out: nothing is read, nothing is linked. The words are compared twice: BM25 weighs a word
by how rare it is among all titles at hand, and so says which key results come into question at all; the ratio of
shared words tells near-equal titles from those that have one rare word in common.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

WORD = re.compile(r"[^\W_]+")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
"""Letters of scripts that put no blanks between words; a word of these is taken apart into pairs of letters."""
_COMMON = (
    "a all an and any are as at be by can do each every for from get has have how if in into is it its more new no not"
    " of on one or our out per so than that the their then they this to up use via we what when where which who will"
    " with without you your"
    " das dem den der des die ein eine einer für ist mit nicht und von zu zum zur"
    " au aux avec ce de des du en est et la le les ou par pour sur un une"
    " con del el en las los o para por que se un una y"
)
STOP = frozenset(_COMMON.split())
"""Words that say nothing of what a title is about. Rare words count more by themselves, so few need to be listed."""

SHORTLIST = 20
"""Key results compared closely, for each piece of work."""
SHOWN = 6
"""Shared words that a reason names."""
OVERLAP = 0.6
"""Weight of the ratio of shared words beside BM25, by which hidden links of recorded work were found again best."""
SAME_TEAM, SAME_COMPONENT, SAME_LABEL, SAME_SCOPE = 0.10, 0.30, 0.15, 0.05
"""How much of what a score lacks these add."""
THIN = 0.5
"""What one shared word counts of what several would: short titles agree by chance."""
CONTEXT = 0.8
"""What the words of work's context count beside its own."""
NAMED = 0.95
"""The least score of work whose title names the key result by its key."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """Work that serves no key result yet: an item, or a milestone or version.

    `context`: other titles that say what it is about (its parent's, some of its children's). `teams`: the key of its
    team and of those above it, nearest first. `scope`: project or repository.
    """

    id: Any
    title: str
    context: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    scope: str | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """A key result, with what is known of its work.

    `levers`: words of its levers (components, labels, titles). `mapped`: titles of some of the work that serves it
    already; `components`, `labels` and `scopes`: what that work and the levers have.
    """

    id: Any
    key: str
    title: str
    objective: str = ""
    team: str | None = None
    levers: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a pair has its score. `kind`: named, words, component, label, team or scope."""

    kind: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        said = ", ".join(self.words)
        return {
            "named": f"its title names {said}",
            "words": f"shared words: {said}",
            "component": f"component {said}",
            "label": f"label {said}",
            "team": f"team {said}",
            "scope": f"beside its work in {said}",
        }[self.kind]


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A pair with its score from 0 to 1, and why."""

    work: Work
    target: Target
    score: float
    reasons: tuple[Reason, ...]


def words(text: str) -> list[str]:
    """The words of a text that may tell what it is about: case-folded, without numbers and the commonest words.

    An s at the end is left out: in many languages it only says that there are several.
    """
    return [stem for stem, _ in _stems(text)]


def _stems(text: str) -> Iterator[tuple[str, str]]:
    """The words as they are compared and as they are written."""
    for written in WORD.findall(text):
        word = written.casefold()
        if UNSPACED.search(word):
            yield from ((pair, pair) for at in range(max(len(word) - 1, 1)) for pair in [word[at : at + 2]])
        elif len(word) > 1 and word not in STOP and not word.isdecimal():
            yield word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word, word


def suggest(work: Sequence[Work], targets: Sequence[Target], *, least: float) -> list[Suggestion]:
    """All pairs that score `least` or more, among the `SHORTLIST` best key results of each piece of work, best first.

    The score is how far the words agree; team, component, label and scope each add a part of what it lacks. Pairs
    without a word, component or label in common are left out: a team has many key results.
    """
    if not work or not targets:
        return []
    import numpy as np

    said = [_Said.of(one) for one in work]
    known = [_Known.of(target) for target in targets]
    documents = [one.document for one in known]
    own, context = np.split(_bm25(documents, [one.own for one in said] + [one.context for one in said]), 2)
    weighed = np.maximum(own, CONTEXT * context)
    added = _places(work, targets)
    found = []
    for at, one in enumerate(work):
        rough = 1 - (1 - weighed[at]) * (1 - added[at])
        count = min(SHORTLIST, len(targets))
        shortlist = np.argpartition(-rough, count - 1)[:count]
        for to in sorted(shortlist.tolist()):
            scores = float(own[at, to]), float(context[at, to]), float(added[at, to])
            pair = _pair(one, said[at], known[to], *scores)
            if pair is not None and pair.score >= least:
                found.append(pair)
    return sorted(found, key=lambda pair: (-pair.score, pair.target.key, str(pair.work.id)))


@dataclass(frozen=True)
class _Said:
    """The words of a piece of work: its own, and those of its context. `keys`: what may be a key in its title.

    `written`: all of them, its own first, as people read them.
    """

    title: list[str]
    own: list[str]
    context: list[str]
    keys: frozenset[str]
    written: dict[str, str]

    @classmethod
    def of(cls, work: Work) -> "_Said":
        title = words(work.title)
        tags = [word for text in (*work.components, *work.labels) for word in words(text)]
        own = list(dict.fromkeys(title + tags))
        context = [word for text in work.context for word in words(text)]
        written: dict[str, str] = {}
        for text in (work.title, *work.components, *work.labels, *work.context):
            for stem, word in _stems(text):
                written.setdefault(stem, word)
        return cls(title, own, context, _keys(work.title), written)


def _keys(text: str) -> frozenset[str]:
    """The pieces of a title that may be a key, as written in prose: `GROW.1:` is GROW.1."""
    return frozenset(piece.strip(".,:;!?()[]{}\"'").casefold() for piece in text.split())


@dataclass(frozen=True)
class _Known:
    """The words of a key result: all of them in order, and its own title and those of its work as compared texts."""

    target: Target
    document: list[str]
    words: frozenset[str]
    titles: tuple[str, ...]
    tags: dict[str, frozenset[str]]

    @classmethod
    def of(cls, target: Target) -> "_Known":
        own, mapped = words(target.title), [words(title) for title in target.mapped]
        # The objective and the levers say less of one key result than its own title and its work do.
        about = words(target.objective) + [word for lever in target.levers for word in words(lever)]
        document = own + about + [word for title in mapped for word in title]
        return cls(
            target,
            document,
            frozenset(document),
            tuple(dict.fromkeys(" ".join(title) for title in (own, *mapped) if title)),
            {
                "component": _folded(target.components),
                "label": _folded(target.labels),
                "scope": _folded(target.scopes),
            },
        )


def _bm25(documents: list[list[str]], queries: list[list[str]]) -> "np.ndarray":
    """How much of each query's weight each document has, 0 to 1: a row for each query.

    The queries are part of what tells how rare a word is, and each one's own score is what a perfect match would get.
    """
    import bm25s
    import numpy as np

    found = np.zeros((len(queries), len(documents)), dtype=np.float32)
    if not any(documents):
        return found
    index = bm25s.BM25()
    index.index([*documents, *queries], show_progress=False)
    for at, query in enumerate(queries):
        if query:
            scores = index.get_scores(query)
            perfect = scores[len(documents) + at]
            if perfect > 0:
                found[at] = np.minimum(scores[: len(documents)] / perfect, 1)
    return found


def _places(work: Sequence[Work], targets: Sequence[Target]) -> "np.ndarray":
    """What team, component, label and scope add, 0 to 1."""
    import numpy as np

    lacking = np.ones((len(work), len(targets)), dtype=np.float32)
    for weight, of_work, of_targets in (
        (SAME_TEAM, [one.teams for one in work], [(one.team,) if one.team else () for one in targets]),
        (SAME_COMPONENT, [one.components for one in work], [one.components for one in targets]),
        (SAME_LABEL, [one.labels for one in work], [one.labels for one in targets]),
        (SAME_SCOPE, [(one.scope,) if one.scope else () for one in work], [one.scopes for one in targets]),
    ):
        holders: dict[str, list[int]] = defaultdict(list)
        for to, values in enumerate(of_targets):
            for value in _folded(values):
                holders[value].append(to)
        for at, values in enumerate(of_work):
            if hit := {to for value in _folded(values) for to in holders.get(value, ())}:
                lacking[at, sorted(hit)] *= 1 - weight / len(hit) ** 0.5
    return 1 - lacking


def _folded(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value.strip().casefold() for value in values)


def _pair(work: Work, said: _Said, known: _Known, own: float, context: float, added: float) -> Suggestion | None:
    target = known.target
    shared = tuple(written for stem, written in said.written.items() if stem in known.words)
    named = target.key.casefold() in said.keys
    same = {
        "component": _shared(work.components, known.tags["component"]),
        "label": _shared(work.labels, known.tags["label"]),
    }
    if not (named or shared or any(same.values())):
        return None
    weighed = max(own * _trust(said.own, known), CONTEXT * context * _trust(said.context, known))
    text = (weighed + OVERLAP * _overlap(said.title, known) * _trust(said.title, known)) / (1 + OVERLAP)
    score = 1 - (1 - text) * (1 - added)
    same["team"] = (target.team,) if target.team is not None and target.team in work.teams else ()
    same["scope"] = _shared((work.scope,) if work.scope else (), known.tags["scope"])
    reasons = [Reason(kind="named", words=(target.key,))] if named else []
    reasons += [Reason(kind="words", words=shared[:SHOWN])] if shared else []
    reasons += [Reason(kind=kind, words=values) for kind, values in same.items() if values]
    return Suggestion(
        work=work,
        target=target,
        score=round(max(score, NAMED) if named else score, 3),
        reasons=tuple(reasons),
    )


def _trust(mine: list[str], known: _Known) -> float:
    return 1.0 if len(known.words.intersection(mine)) > 1 else THIN


def _overlap(title: list[str], known: _Known) -> float:
    """The best ratio of shared words: 1 where one title holds the other."""
    from rapidfuzz.fuzz import token_set_ratio

    if not title:
        return 0.0
    mine = " ".join(title)
    return max((token_set_ratio(mine, other) for other in known.titles), default=0.0) / 100


def _shared(mine: tuple[str, ...], theirs: frozenset[str]) -> tuple[str, ...]:
    return tuple(value for value in mine if value.strip().casefold() in theirs) if theirs else ()
