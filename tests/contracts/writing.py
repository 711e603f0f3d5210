"""What connectors say when they write: begin, leave alone, edit, take away, and be refused."""

from collections.abc import Callable
from contextlib import suppress

from connectors.base import Usage
from connectors.errors import Refused
from connectors.records import Ref, Scope
from connectors.writing import Standing, Writes

FIRST = [Standing(key="CHECKOUT.1", title="Conversion to 3.0 %", health="on_track", delivery=40, outcome=30)]
SECOND = [
    Standing(key="CHECKOUT.1", title="Conversion to 3.0 %", health="at_risk", delivery=50, url="https://n.example/1"),
    Standing(
        key="CHECKOUT.2",
        title="One-click payment, a title that is much longer than a label's words may be" * 2,
        health="unknown",
    ),
]


def writing_life(
    connector: Writes, form: str, scope: Scope, ref: Ref, lose: Callable[[], None], refuse: Callable[[], None]
) -> None:
    """Everything that write-back asks of a connector. `lose` takes away what was written, `refuse` the permission."""
    usage = Usage()

    def bring(standings: list[Standing], known: str | None) -> tuple[str | None, bool]:
        for name, content in connector.shared(form, standings).items():
            connector.put_shared(form, scope, name, content, usage)
        put = connector.put(form, scope, ref, connector.draft(form, standings), known, usage)
        return put.external_id, put.wrote

    assert connector.write_checks(form, [scope], usage)
    assert connector.touched(scope, ref, usage) is not None
    known, wrote = bring(FIRST, None)
    assert wrote
    assert bring(FIRST, known) == (known, False)
    assert bring(FIRST, None) == (known, False)
    assert bring(SECOND, known) == (known, True)
    lose()
    known, wrote = bring(SECOND, known)
    assert wrote
    assert bring(SECOND, known) == (known, False)
    _, wrote = bring([], known)
    assert wrote
    for name in connector.shared(form, SECOND):
        assert connector.put_shared(form, scope, name, None, usage)
        assert not connector.put_shared(form, scope, name, None, usage)
    refuse()
    with suppress(Refused):
        bring(FIRST, known)
    assert connector.touched(scope, Ref(external_id="1", key="?#999"), usage) is None
