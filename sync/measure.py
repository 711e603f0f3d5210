"""Measuring: from tallied links and recorded values to the numbers of each key result."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from config import Config
from store import meta
from store.tables import Cycle, KeyResult, Mapping, Measure, Objective, Team
from sync import progress
from sync.check_ins import check_ins
from sync.counted import Counted, instant, parts_of, read_tallies, teams_of
from sync.facts import CheckInFacts, KeyResultFacts, MappingFacts, has_source
from sync.forecast.stored import forecasts
from sync.sources import Places, Sources, places_of
from sync.structure import LeverShares
from sync.tally import outdate
from sync.uncollected import uncollected
from sync.value_states import value_states

STALE_KEYS_SHOWN = 20


@uncollected
def measure(conn: sa.Connection, config: Config, now: datetime) -> list[KeyResultFacts]:
    """Measures every key result as of `now`, writes the `measure` rows that changed, gives what findings start from."""
    return _Measuring(conn, config, now).run()


@dataclass(frozen=True)
class _Stale:
    """Counted work in progress that has not moved for long: the keys shown, how many in all, and their size."""

    keys: tuple[str, ...] = ()
    count: int = 0
    size: float = 0.0


class _Measuring:
    def __init__(self, conn: sa.Connection, config: Config, now: datetime) -> None:
        self.conn, self.config, self.now = conn, config, now
        self.day = now.astimezone(config.zone).date()
        after_today = datetime.combine(self.day + timedelta(days=1), time(), config.zone).astimezone(UTC)
        self.stale_before = after_today - timedelta(days=config.thresholds.stale_days)
        patience = config.thresholds.source_intervals * config.schedule.sync_interval
        self.sources, self.patience = Sources(conn, config.connections, now, patience), patience
        self.value_states = value_states(conn)
        self.team_keys = {row.id: row.key for row in conn.execute(sa.select(Team.__table__))}
        self.forecasts = forecasts(conn)
        conventions = config.conventions
        self.conventions = bool(conventions.label or conventions.trailer or conventions.field)

    def run(self) -> list[KeyResultFacts]:
        self._outdate_stale_work()
        self._remember_what_views_need()
        mappings, tallies, recorded = self._mappings(), read_tallies(self.conn), check_ins(self.conn)
        before = {row.key_result_id: row for row in self.conn.execute(sa.select(Measure.__table__)).all()}
        key_results = self._key_results()
        bare = [row.id for row in key_results if not tallies[row.id].parts]
        self.levers = LeverShares(self.conn, self.config, bare)
        stale = self._stale(key_results, tallies, before)
        facts, changed = [], []
        for row in key_results:
            fact, values = self._one(row, mappings[row.id], tallies[row.id], recorded[row.id], stale[row.id])
            facts.append(fact)
            old = before.get(row.id)
            if old is None or attrgetter(*values)(old) != tuple(values.values()):
                changed.append({"key_result_id": row.id, "measured_at": self.now, **values})
        self._write(changed)
        return facts

    # --- what was stored ---------------------------------------------------------------------------------------------

    def _remember_what_views_need(self) -> None:
        counting = self.config.counting
        values = {"active_day": self.day.isoformat(), "subtasks": counting.subtasks, "measure": counting.measure}
        meta.write(self.conn, values)

    def _outdate_stale_work(self) -> None:
        """Stale work that was counted earlier today counted by the configuration of that time."""
        counted_with = f"{self.config.thresholds.stale_days} {self.config.timezone}"
        if meta.read(self.conn, "stale_with") != counted_with:
            outdate(self.conn, None)
            meta.write(self.conn, {"stale_with": counted_with})

    def _key_results(self) -> list[Any]:
        k, o, c = KeyResult.__table__, Objective.__table__, Cycle.__table__
        own, upper = Team.__table__.alias(), Team.__table__.alias()
        query = (
            sa.select(
                k,
                o.c.key.label("objective_key"),
                o.c.title.label("objective_title"),
                o.c.kind,
                upper.c.key.label("objective_team"),
                own.c.key.label("team"),
                c.c.key.label("cycle_key"),
                c.c.starts_on,
                c.c.ends_on,
            )
            .join(o, o.c.id == k.c.objective_id)
            .join(c, c.c.id == o.c.cycle_id)
            .outerjoin(own, own.c.id == k.c.team_id)
            .outerjoin(upper, upper.c.id == o.c.team_id)
            .where(k.c.archived.is_(False))
            .order_by(o.c.position, k.c.position, k.c.id)
        )
        return list(self.conn.execute(query).all())

    def _mappings(self) -> dict[int, list[Any]]:
        table = Mapping.__table__
        rows = self.conn.execute(sa.select(table).where(table.c.key_result_id.is_not(None)).order_by(table.c.position))
        found: dict[int, list[Any]] = defaultdict(list)
        for row in rows.all():
            found[row.key_result_id].append(row)
        return found

    def _stale(self, rows: list[Any], tallies: dict[int, Counted], before: dict[int, Any]) -> dict[int, _Stale]:
        """The counted work in progress that has not moved: as kept, or counted anew where links or day changed."""
        found: dict[int, _Stale] = defaultdict(_Stale)
        wanted = []
        for row in rows:
            kept = before.get(row.id)
            first = instant(tallies[row.id].open_first_moved_at)
            if first is None or first >= self.stale_before:
                continue
            if kept is not None and kept.stale_day == self.day:
                found[row.id] = _Stale(tuple(kept.stale_keys), kept.stale_count, kept.stale_size)
            else:
                wanted.append(row.id)
        query = sa.text(
            "SELECT s.key_result_id, s.place, s.among, s.size, i.key FROM (SELECT l.key_result_id, l.item_id,"
            " ROW_NUMBER() OVER (PARTITION BY l.key_result_id ORDER BY l.moved_at, l.item_id) AS place,"
            " COUNT(*) OVER (PARTITION BY l.key_result_id) AS among,"
            " SUM(l.size) OVER (PARTITION BY l.key_result_id) AS size"
            " FROM link l WHERE l.role = 'counted' AND l.state = 'in_progress' AND l.moved_at < :before"
            " AND l.key_result_id IN :ids) s JOIN work_item i ON i.id = s.item_id"
            " WHERE s.place <= :shown ORDER BY s.place"
        ).bindparams(
            sa.bindparam("ids", expanding=True),
            sa.bindparam("before", type_=Measure.__table__.c.measured_at.type),
        )
        for start in range(0, len(wanted), 1_000):
            values = {"before": self.stale_before, "shown": STALE_KEYS_SHOWN, "ids": wanted[start : start + 1_000]}
            for row in self.conn.execute(query, values):
                keys = (*found[row.key_result_id].keys, row.key)
                found[row.key_result_id] = _Stale(keys, row.among, row.size)
        return found

    # --- one key result ----------------------------------------------------------------------------------------------

    def _one(
        self, row: Any, mappings: list[Any], tallied: Counted, check_ins: list[CheckInFacts], stale: _Stale
    ) -> tuple[KeyResultFacts, dict[str, Any]]:
        parts, teams = parts_of(mappings, tallied), teams_of(tallied, self.team_keys)
        written = [m for m in mappings if m.via == "mapping"]
        places = [places_of(m.selector) for m in written]
        trust = self.sources.behind(places, self.conventions)
        delivery = progress.delivery(parts, self.config.counting.in_progress_credit)
        outcome = progress.outcome_of(row.definition, check_ins, delivery.value, self.day)
        expected = progress.expected(row.starts_on, row.ends_on, row.definition.get("expected"), self.day)
        last, forecast = outcome.last_check_in, self.forecasts.get(row.id)
        health = progress.health(
            definition=row.definition,
            day=self.day,
            cycle_start=row.starts_on,
            cycle_end=row.ends_on,
            outcome_now=outcome.outcome,
            expected_now=expected,
            delivery_now=delivery.value,
            last_check_in=last.day if last else None,
            thresholds=self.config.thresholds,
            source_problem=trust.problem or self._value_problem(row),
            kind=row.kind,
            chance=forecast.chance if forecast else None,
        )
        values = {
            "outcome": outcome.outcome,
            "outcome_value": outcome.value,
            "delivery": delivery.value,
            "expected": expected,
            "pace": progress.pace(row.definition, outcome.outcome, expected, delivery.value),
            "confidence": outcome.confidence,
            "health": health.word,
            "health_reason": health.reason,
            "work_total": sum(part.total for part in parts),
            "work_todo": sum(part.todo for part in parts),
            "work_in_progress": sum(part.in_progress for part in parts),
            "work_done": sum(part.done for part in parts),
            "work_descoped": tallied.roles["descoped"],
            "size_total": sum(part.size_total for part in parts),
            "size_done": sum(part.size_done for part in parts),
            "size_imputed": sum(part.size_imputed for part in parts),
            "lever_share": self.levers.share(row.id, row.team or row.objective_team, teams),
            "last_check_in_at": self._checked_in_at(last) if last else None,
            "work_moved_at": instant(tallied.moved_at),
            "stale_day": self.day,
            "stale_count": stale.count,
            "stale_size": stale.size,
            "stale_keys": list(stale.keys),
        }
        finished = instant(tallied.finished_at)
        facts = KeyResultFacts(
            id=row.id,
            key=row.key,
            title=row.title,
            objective_key=row.objective_key,
            objective_title=row.objective_title,
            objective_team=row.objective_team,
            team=row.team,
            owner=row.owner,
            active=row.starts_on <= self.day <= row.ends_on,
            cycle_key=row.cycle_key,
            cycle_start=row.starts_on,
            cycle_end=row.ends_on,
            definition=row.definition,
            outcome=outcome.outcome,
            delivery=delivery.value,
            expected=expected,
            pace=values["pace"],
            health=health.word,
            kind=row.kind,
            last_check_in=last.day if last else None,
            parts=parts,
            teams=teams,
            levers=self.levers.levers(row.id),
            lever_share=values["lever_share"],
            forecast=forecast,
            mappings=self._mapping_facts(mappings, places),
            linked=sum(tallied.roles[role] for role in ("counted", "container", "descoped", "dropped", "subtask")),
            live=tallied.live,
            cancelled=tallied.roles["descoped"] + tallied.roles["dropped"],
            ignored_subtasks=tallied.roles["live_subtask"],
            descoped=tallied.roles["descoped"],
            moved_at=instant(tallied.moved_at),
            open_moved_at=instant(tallied.open_moved_at),
            finished_recently=finished is not None and finished >= self.stale_before,
            stale_items=stale.keys,
            stale_count=stale.count,
            stale_size=stale.size,
            readable=trust.read,
        )
        return facts, values

    def _mapping_facts(self, mappings: list[Any], places: list[Places]) -> tuple[MappingFacts, ...]:
        positions = {m.id: m.position for m in mappings}
        read = iter(self.sources.behind([place], conventions=False).read for place in places)
        return tuple(
            MappingFacts(
                mapping_id=m.id,
                position=m.position,
                via=m.via,
                text=m.text,
                matched=m.matched,
                covered_by=positions.get(m.covered_by),
                scopes_read=next(read) if m.via == "mapping" else True,
            )
            for m in mappings
        )

    def _value_problem(self, row: Any) -> str | None:
        """Why the value that a running key result's source gave last is not to be trusted; None where it is."""
        state = self.value_states.get(row.id)
        if state is None or not has_source(row.definition) or not row.starts_on <= self.day <= row.ends_on:
            return None
        return state.problem(self.now, self.patience)

    def _checked_in_at(self, check_in: CheckInFacts) -> datetime:
        """When the value was recorded, or where it was recorded later for an earlier day, the start of that day."""
        if check_in.recorded_at.astimezone(self.config.zone).date() == check_in.day:
            return check_in.recorded_at
        return _start_of(check_in.day, self.config)

    # --- what follows ------------------------------------------------------------------------------------------------

    def _write(self, changed: list[dict[str, Any]]) -> None:
        if not changed:
            return
        table = Measure.__table__
        ids = [row["key_result_id"] for row in changed]
        self.conn.execute(sa.delete(table).where(table.c.key_result_id == sa.bindparam("id")), [{"id": i} for i in ids])
        self.conn.execute(sa.insert(table), changed)


def _start_of(day: date, config: Config) -> datetime:
    return datetime.combine(day, time(), config.zone).astimezone(UTC)
