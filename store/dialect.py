"""How the same expression of a public view is written on either database."""


class Dialect:
    """The few words in which SQLite and PostgreSQL differ."""

    def __init__(self, name: str) -> None:
        self.sqlite = name == "sqlite"

    def instant(self, column: str) -> str:
        """An instant as readers get it: ISO 8601 text in UTC where the database has no type for it."""
        return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column})" if self.sqlite else column

    def texts(self, query: str) -> str:
        """A sorted JSON array of the different values of `query`, which names its only column `v`."""
        if self.sqlite:
            return f"(SELECT json_group_array(q.v) FROM (SELECT DISTINCT {query} ORDER BY 1) AS q)"
        return (
            "(SELECT coalesce(jsonb_agg(q.v ORDER BY q.v COLLATE \"C\"), '[]'::jsonb)"
            f" FROM (SELECT DISTINCT {query}) AS q)"
        )

    def plain(self, text: str) -> str:
        """A text to sort by: letter by letter, in whatever language the database is."""
        return text if self.sqlite else f'{text} COLLATE "C"'

    def definition(self, *path: str) -> str:
        """A text or number of the definition of key result `k`."""
        if self.sqlite:
            return f"json_extract(k.definition, '$.{'.'.join(path)}')"
        return f"k.definition #>> '{{{','.join(path)}}}'"

    def number(self, text: str) -> str:
        """A text or whole number as a fraction."""
        return f"CAST({text} AS {'REAL' if self.sqlite else 'double precision'})"

    def active_day(self) -> str:
        """The day as of which the last measure was made; what runs on it is active."""
        value = "(SELECT value FROM meta WHERE key = 'active_day')"
        return value if self.sqlite else f"CAST({value} AS date)"

    def days_since(self, instant: str) -> str:
        """Whole days from an instant to the end of the active day's predecessor, never negative."""
        if self.sqlite:
            return f"max(0, CAST(julianday({self.active_day()}) - julianday(date({instant})) AS INTEGER))"
        return f"greatest(0, {self.active_day()} - CAST({instant} AT TIME ZONE 'UTC' AS date))"

    def days_between(self, earlier: str, later: str) -> str:
        """Whole days from one day to another."""
        return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)" if self.sqlite else f"{later} - {earlier}"

    def seconds_since(self, instant: str) -> str:
        """Whole seconds from an instant to the moment of the query."""
        if self.sqlite:
            return f"CAST(round((julianday('now') - julianday({instant})) * 86400) AS INTEGER)"
        return f"CAST(round(extract(epoch FROM now() - {instant})) AS bigint)"

    def null(self, type_: str) -> str:
        """A value of a later edition, with the type that it will have."""
        return f"CAST(NULL AS {type_})"
