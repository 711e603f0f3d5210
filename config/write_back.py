"""Whether what the files say of writing back can be: to tools that can be written to, and to what is read of them."""

from collections.abc import Iterator, Mapping

from config.globs import may_meet
from config.models import Config
from config.places import Places
from config.problems import Problem, did_you_mean, shown
from config.settings import ConnectionOptions

OWN_LABEL = "northing:"
"""How every label begins that is written into a tool. Where we write labels such labels are never read."""


def is_own(label: str) -> bool:
    """Whether a label is one that we write: it tells nothing of the work."""
    return label[: len(OWN_LABEL)].casefold() == OWN_LABEL


def write_back(config: Config, places: Places, kinds: Mapping[str, type[ConnectionOptions]]) -> Iterator[Problem]:
    """Kinds that cannot be written to, forms that a kind has not, and scopes that its connection does not read.

    Also a label that would link work and begins as our own do: it would never be read.
    """
    able = {kind: model.write_forms for kind, model in kinds.items() if model.write_forms}
    for kind, form in config.write_back.items():
        place = ("write_back", kind)
        if kind not in able:
            known = ", ".join(sorted(able)) or "none"
            yield places.problem(
                place,
                f"nothing can be written to connections of kind {shown(kind)}, expected one of {known}."
                f"{did_you_mean(kind, able)}",
                at_key=True,
            )
        elif form not in able[kind]:
            yield places.problem(
                place, f"found {shown(form)}, expected one of {', '.join(able[kind])}.{did_you_mean(form, able[kind])}"
            )
    for name, options in config.connections.items():
        patterns = options.scope_patterns()
        for number, scope in enumerate(options.write_back):
            if not any(may_meet(scope, pattern) for pattern in patterns):
                yield places.problem(
                    ("connections", name, "write_back", number),
                    f"{shown(scope)} is not among what {shown(name)} reads, and what is not read is not written to."
                    f"{did_you_mean(scope, patterns)}",
                )
    if is_own((config.conventions.label or "").strip()):
        yield places.problem(
            ("conventions", "label"),
            f"labels that begin with {shown(OWN_LABEL)} are written by Northing itself and never read, expected another"
            " beginning, like kr:{key}",
        )
