"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
UTC_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("failed_at", UTC_INSTANT, nullable=True),
        sa.Column("last_ok_at", UTC_INSTANT, nullable=True),
        sa.Column("credentials_end_at", UTC_INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("name", name=op.f("uq_connection_name")),
    )
    op.create_table(
        "cycle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("starts_at", UTC_INSTANT, nullable=False),
        sa.Column("ends_at", UTC_INSTANT, nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle")),
        sa.UniqueConstraint("key", name=op.f("uq_cycle_key")),
    )
    op.create_table(
        "dependency",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("blocker_key", sa.String(), nullable=False),
        sa.Column("blocker_folded", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "blocker_key", name=op.f("pk_dependency")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dirty",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_dirty")),
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column(
            "evidence",
            JSON,
            nullable=False,
        ),
        sa.Column("opened_at", UTC_INSTANT, nullable=False),
        sa.Column("last_seen_at", UTC_INSTANT, nullable=False),
        sa.Column("resolved_at", UTC_INSTANT, nullable=True),
        sa.Column("days_left_when_opened", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("code", "subject_kind", "subject", name=op.f("uq_finding_code_subject_kind_subject")),
    )
    op.create_table(
        "link",
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("size", sa.Float(), nullable=True),
        sa.Column("imputed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("moved_at", UTC_INSTANT, nullable=True),
        sa.Column("finished_at", UTC_INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("key_result_id", "item_id", name=op.f("pk_link")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index("ix_link_item_id", ["item_id"], unique=False)
        batch_op.create_index(
            "ix_link_under_way",
            ["key_result_id", "moved_at", "item_id", "size"],
            unique=False,
            sqlite_where=sa.text("role = 'counted' AND state = 'in_progress'"),
            postgresql_where=sa.text("role = 'counted' AND state = 'in_progress'"),
        )
        batch_op.create_index(
            "ix_link_finished",
            ["finished_at", "team_id", "item_id"],
            unique=False,
            sqlite_where=sa.text("role = 'counted' AND state = 'done'"),
            postgresql_where=sa.text("role = 'counted' AND state = 'done'"),
        )

    op.create_table(
        "match",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("mapping_id", "item_id", name=op.f("pk_match")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("match", schema=None) as batch_op:
        batch_op.create_index("ix_match_item_id", ["item_id"], unique=False)

    op.create_table(
        "measure",
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Float(), nullable=True),
        sa.Column("outcome_value", sa.Float(), nullable=True),
        sa.Column("delivery", sa.Float(), nullable=True),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("pace", sa.Float(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("health", sa.String(), nullable=False),
        sa.Column("health_reason", sa.String(), nullable=False),
        sa.Column("work_total", sa.Integer(), nullable=False),
        sa.Column("work_todo", sa.Integer(), nullable=False),
        sa.Column("work_in_progress", sa.Integer(), nullable=False),
        sa.Column("work_done", sa.Integer(), nullable=False),
        sa.Column("work_descoped", sa.Integer(), nullable=False),
        sa.Column("size_total", sa.Float(), nullable=False),
        sa.Column("size_done", sa.Float(), nullable=False),
        sa.Column("size_imputed", sa.Float(), nullable=False),
        sa.Column("lever_share", sa.Float(), nullable=True),
        sa.Column("last_check_in_at", UTC_INSTANT, nullable=True),
        sa.Column("work_moved_at", UTC_INSTANT, nullable=True),
        sa.Column("stale_day", sa.Date(), nullable=True),
        sa.Column("stale_count", sa.Integer(), nullable=False),
        sa.Column("stale_size", sa.Float(), nullable=False),
        sa.Column(
            "stale_keys",
            JSON,
            nullable=False,
        ),
        sa.Column("measured_at", UTC_INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key_result_id", name=op.f("pk_measure")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", UTC_INSTANT, nullable=False),
        sa.Column("finished_at", UTC_INSTANT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("lock", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_table(
        "forecast",
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("teams", JSON, nullable=False),
        sa.Column("p50", sa.Date(), nullable=True),
        sa.Column("p85", sa.Date(), nullable=True),
        sa.Column("chance", sa.Float(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key_result_id", name=op.f("pk_forecast")),
    )

    op.create_table(
        "team_forecast",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("promised", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("backlog", sa.Integer(), nullable=False),
        sa.Column("completions", sa.Integer(), nullable=False),
        sa.Column("additions", sa.Integer(), nullable=True),
        sa.Column("active_days", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("fits", sa.Integer(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("p50", sa.Date(), nullable=True),
        sa.Column("p85", sa.Date(), nullable=True),
        sa.Column("chance", sa.Float(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_team_forecast")),
    )

    op.create_table(
        "snapshot",
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Float(), nullable=True),
        sa.Column("outcome_value", sa.Float(), nullable=True),
        sa.Column("delivery", sa.Float(), nullable=True),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("health", sa.String(), nullable=False),
        sa.Column("work_total", sa.Integer(), nullable=False),
        sa.Column("work_done", sa.Integer(), nullable=False),
        sa.Column("work_in_progress", sa.Integer(), nullable=False),
        sa.Column("work_descoped", sa.Integer(), nullable=False),
        sa.Column("size_total", sa.Float(), nullable=False),
        sa.Column("size_done", sa.Float(), nullable=False),
        sa.Column("chance_by_end", sa.Float(), nullable=True),
        sa.Column("rebuilt", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key_result_id", "day", name=op.f("pk_snapshot")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suggestion",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("key_result_id", sa.Integer(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_suggestion")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_tag_kind_value")),
    )
    with op.batch_alter_table("tag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tag_folded"), ["folded"], unique=False)

    op.create_table(
        "tally",
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("size", sa.Float(), nullable=False),
        sa.Column("size_imputed", sa.Float(), nullable=False),
        sa.Column("first_moved_at", UTC_INSTANT, nullable=True),
        sa.Column("last_moved_at", UTC_INSTANT, nullable=True),
        sa.Column("finished_at", UTC_INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("key_result_id", "mapping_id", "role", "state", "team_id", name=op.f("pk_tally")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["team.id"], name=op.f("fk_team_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("key", name=op.f("uq_team_key")),
    )
    op.create_table(
        "theme",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme")),
        sa.UniqueConstraint("key", name=op.f("uq_theme_key")),
    )
    op.create_table(
        "work_container",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("container_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "container_id", name=op.f("pk_work_container")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("work_container", schema=None) as batch_op:
        batch_op.create_index("ix_work_container_container_id", ["container_id", "item_id"], unique=False)

    op.create_table(
        "work_tag",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "tag_id", name=op.f("pk_work_tag")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("work_tag", schema=None) as batch_op:
        batch_op.create_index("ix_work_tag_tag_id", ["tag_id", "item_id"], unique=False)

    op.create_table(
        "container",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_folded", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("closed_at", UTC_INSTANT, nullable=True),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_container_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container")),
        sa.UniqueConstraint(
            "connection_id", "kind", "external_id", name=op.f("uq_container_connection_id_kind_external_id")
        ),
    )
    with op.batch_alter_table("container", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_container_scope_id"), ["scope_id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_membership_connection_id")),
        sa.PrimaryKeyConstraint("connection_id", "query", "external_id", name=op.f("pk_membership")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "objective",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("theme_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_objective_cycle_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_objective_team_id")),
        sa.ForeignKeyConstraint(["theme_id"], ["theme.id"], name=op.f("fk_objective_theme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objective")),
        sa.UniqueConstraint("key", name=op.f("uq_objective_key")),
    )
    op.create_table(
        "scope",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("key_folded", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("last_ok_at", UTC_INSTANT, nullable=True),
        sa.Column("swept_at", UTC_INSTANT, nullable=True),
        sa.Column("held_back", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_scope_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scope")),
        sa.UniqueConstraint("connection_id", "external_id", name=op.f("uq_scope_connection_id_external_id")),
    )
    with op.batch_alter_table("scope", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scope_key_folded"), ["key_folded"], unique=False)

    op.create_table(
        "work_alias",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("key_folded", sa.String(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_work_alias_connection_id")),
        sa.PrimaryKeyConstraint("connection_id", "key_folded", name=op.f("pk_work_alias")),
    )
    with op.batch_alter_table("work_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_alias_item_id"), ["item_id"], unique=False)

    op.create_table(
        "scope_alias",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("key_folded", sa.String(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_scope_alias_connection_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_scope_alias_scope_id")),
        sa.PrimaryKeyConstraint("connection_id", "key_folded", name=op.f("pk_scope_alias")),
    )
    op.create_table(
        "key_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("objective_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "definition",
            JSON,
            nullable=False,
        ),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["objective_id"], ["objective.id"], name=op.f("fk_key_result_objective_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_key_result_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_result")),
        sa.UniqueConstraint("key", name=op.f("uq_key_result_key")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("excerpt", sa.String(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", UTC_INSTANT, nullable=False),
        sa.Column("last_seen_at", UTC_INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_quarantine_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint(
            "scope_id", "external_id", "reason", name=op.f("uq_quarantine_scope_id_external_id_reason")
        ),
    )
    op.create_table(
        "run_scope",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=True),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("started_at", UTC_INSTANT, nullable=False),
        sa.Column("finished_at", UTC_INSTANT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("set_aside", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("not_modified", sa.Integer(), nullable=False),
        sa.Column("waited_s", sa.Float(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_run_scope_connection_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_scope_run_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_run_scope_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_scope")),
    )
    with op.batch_alter_table("run_scope", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_scope_run_id"), ["run_id"], unique=False)

    op.create_table(
        "stream_state",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("watermark", UTC_INSTANT, nullable=True),
        sa.Column(
            "validators",
            JSON,
            nullable=False,
        ),
        sa.Column("resume", sa.String(), nullable=True),
        sa.Column("resume_since", UTC_INSTANT, nullable=True),
        sa.Column("resume_clock", UTC_INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_stream_state_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "stream", name=op.f("pk_stream_state")),
    )
    op.create_table(
        "support",
        sa.Column("objective_id", sa.Integer(), nullable=False),
        sa.Column("target_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["objective_id"], ["objective.id"], name=op.f("fk_support_objective_id")),
        sa.PrimaryKeyConstraint("objective_id", "target_key", name=op.f("pk_support")),
    )
    op.create_table(
        "work_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("key_folded", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_folded", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("type_folded", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("self_reported", sa.Boolean(), nullable=False),
        sa.Column("tool_level", sa.String(), nullable=True),
        sa.Column("parent_ref_id", sa.String(), nullable=True),
        sa.Column("parent_ref_key", sa.String(), nullable=True),
        sa.Column("parent_ref_folded", sa.String(), nullable=True),
        sa.Column("parent_pending", sa.Boolean(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("estimate", sa.Float(), nullable=True),
        sa.Column("team_word", sa.String(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTC_INSTANT, nullable=True),
        sa.Column("started_at", UTC_INSTANT, nullable=True),
        sa.Column("closed_at", UTC_INSTANT, nullable=True),
        sa.Column("updated_at", UTC_INSTANT, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("gone_at", UTC_INSTANT, nullable=True),
        sa.Column("reopened_at", UTC_INSTANT, nullable=True),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_work_item_connection_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_work_item_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
        sa.UniqueConstraint("connection_id", "external_id", name=op.f("uq_work_item_connection_id_external_id")),
        postgresql_with={"fillfactor": 50},
    )
    with op.batch_alter_table("work_item", schema=None) as batch_op:
        batch_op.create_index(
            "ix_work_item_in_progress",
            ["state"],
            unique=False,
            sqlite_where=sa.text("state = 'in_progress'"),
            postgresql_where=sa.text("state = 'in_progress'"),
        )
        batch_op.create_index(
            "ix_work_item_open",
            ["due_on", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('todo', 'in_progress')"),
            postgresql_where=sa.text("state IN ('todo', 'in_progress')"),
        )
        batch_op.create_index(
            "ix_work_item_epic",
            ["level", "id"],
            unique=False,
            sqlite_where=sa.text("level IN ('epic', 'initiative')"),
            postgresql_where=sa.text("level IN ('epic', 'initiative')"),
        )
        batch_op.create_index("ix_work_item_key_folded", ["key_folded"], unique=False)
        batch_op.create_index(
            "ix_work_item_orphan",
            ["connection_id"],
            unique=False,
            sqlite_where=sa.text("parent_pending"),
            postgresql_where=sa.text("parent_pending"),
        )
        batch_op.create_index(
            "ix_work_item_not_visible",
            ["scope_id"],
            unique=False,
            sqlite_where=sa.text("presence = 'not_visible'"),
            postgresql_where=sa.text("presence = 'not_visible'"),
        )
        batch_op.create_index("ix_work_item_parent_id", ["parent_id", "state"], unique=False)
        batch_op.create_index(
            "ix_work_item_reopened",
            ["reopened_at"],
            unique=False,
            sqlite_where=sa.text("reopened_at IS NOT NULL"),
            postgresql_where=sa.text("reopened_at IS NOT NULL"),
        )
        batch_op.create_index("ix_work_item_scope_id", ["scope_id"], unique=False)

    op.create_table(
        "check_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UTC_INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["key_result_id"], ["key_result.id"], name=op.f("fk_check_in_key_result_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in")),
    )
    with op.batch_alter_table("check_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_check_in_key_result_id"), ["key_result_id"], unique=False)

    op.create_table(
        "mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_result_id", sa.Integer(), nullable=True),
        sa.Column("lever_of", sa.Integer(), nullable=True),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column(
            "selector",
            JSON,
            nullable=False,
        ),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("covered_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["key_result_id"], ["key_result.id"], name=op.f("fk_mapping_key_result_id")),
        sa.ForeignKeyConstraint(["lever_of"], ["key_result.id"], name=op.f("fk_mapping_lever_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping")),
    )
    with op.batch_alter_table("mapping", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mapping_key_result_id"), ["key_result_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mapping_lever_of"), ["lever_of"], unique=False)

    op.create_table(
        "value_source",
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("failed_at", UTC_INSTANT, nullable=True),
        sa.Column("last_ok_at", UTC_INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["key_result_id"], ["key_result.id"], name=op.f("fk_value_source_key_result_id")),
        sa.PrimaryKeyConstraint("key_result_id", name=op.f("pk_value_source")),
    )
    op.create_table(
        "sweep_seen",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_sweep_seen_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "external_id", name=op.f("pk_sweep_seen")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "work_change",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("item_id", "position", name=op.f("pk_work_change")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credential",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("updated_at", UTC_INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_credential")),
    )
    op.create_table(
        "hint",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("about", JSON, nullable=False),
        sa.Column("received_at", UTC_INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("done_at", UTC_INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("connection", "delivery", name=op.f("pk_hint")),
    )
    with op.batch_alter_table("hint", schema=None) as batch_op:
        batch_op.create_index(
            "ix_hint_waiting",
            ["connection", "received_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )

    op.create_table(
        "barrier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=True),
        sa.Column("key_result_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("who", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("raised_at", UTC_INSTANT, nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("days_left", sa.Integer(), nullable=True),
        sa.Column("ended_at", UTC_INSTANT, nullable=True),
        sa.CheckConstraint("(finding_id IS NULL) <> (key_result_id IS NULL)", name="ck_barrier_source"),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_barrier_cycle_id")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_barrier_finding_id")),
        sa.ForeignKeyConstraint(["key_result_id"], ["key_result.id"], name=op.f("fk_barrier_key_result_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_barrier_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_barrier")),
    )
    op.create_index(op.f("ix_barrier_finding_id"), "barrier", ["finding_id"], unique=False)
    op.create_index(op.f("ix_barrier_key_result_id"), "barrier", ["key_result_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=True),
        sa.Column("barrier_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.CheckConstraint("(finding_id IS NULL) <> (barrier_id IS NULL)", name="ck_decision_about"),
        sa.ForeignKeyConstraint(["barrier_id"], ["barrier.id"], name=op.f("fk_decision_barrier_id")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_decision_finding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_barrier_id"), "decision", ["barrier_id"], unique=False)
    op.create_index(op.f("ix_decision_finding_id"), "decision", ["finding_id"], unique=False)

    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=True),
        sa.Column("barrier_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.CheckConstraint("(finding_id IS NULL) <> (barrier_id IS NULL)", name="ck_acknowledgement_about"),
        sa.ForeignKeyConstraint(["barrier_id"], ["barrier.id"], name=op.f("fk_acknowledgement_barrier_id")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_acknowledgement_finding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
    )
    op.create_index(op.f("ix_acknowledgement_barrier_id"), "acknowledgement", ["barrier_id"], unique=False)
    op.create_index(op.f("ix_acknowledgement_finding_id"), "acknowledgement", ["finding_id"], unique=False)

    op.create_table(
        "team_acknowledgement",
        sa.Column("key_result_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["key_result_id"], ["key_result.id"], name=op.f("fk_team_acknowledgement_key_result_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_acknowledgement_team_id")),
        sa.PrimaryKeyConstraint("key_result_id", "team_id", name=op.f("pk_team_acknowledgement")),
    )

    op.create_table(
        "suppressed",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("code", "subject_kind", "subject", name=op.f("pk_suppressed")),
    )

    op.create_table(
        "finding_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=True),
        sa.Column("barrier_id", sa.Integer(), nullable=True),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.Column("who", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("routed_at", UTC_INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["barrier_id"], ["barrier.id"], name=op.f("fk_finding_change_barrier_id")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_change_finding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_change")),
    )
    op.create_index(op.f("ix_finding_change_barrier_id"), "finding_change", ["barrier_id"], unique=False)
    op.create_index(op.f("ix_finding_change_finding_id"), "finding_change", ["finding_id"], unique=False)
    op.create_index(
        "ix_finding_change_unrouted",
        "finding_change",
        ["id"],
        unique=False,
        sqlite_where=sa.text("routed_at IS NULL"),
        postgresql_where=sa.text("routed_at IS NULL"),
    )

    op.create_table(
        "delivery",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Boolean(), nullable=False),
        sa.Column("sent_at", UTC_INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["finding_change.id"], name=op.f("fk_delivery_change_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("change_id", "channel", name=op.f("pk_delivery")),
    )
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["channel", "change_id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )

    op.create_table(
        "alert_channel",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("greeted", sa.Boolean(), nullable=False),
        sa.Column("seen_at", UTC_INSTANT, nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_until", UTC_INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UTC_INSTANT, nullable=True),
        sa.Column("failing_since", UTC_INSTANT, nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("last_sent_at", UTC_INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alert_channel")),
    )

    op.create_table(
        "digest_delivery",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("slot", UTC_INSTANT, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_until", UTC_INSTANT, nullable=True),
        sa.Column("next_try_at", UTC_INSTANT, nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("sent_at", UTC_INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("digest", "slot", "channel", name=op.f("pk_digest_delivery")),
    )
    op.create_index("ix_digest_delivery_channel", "digest_delivery", ["channel", "team", "slot"])

    op.create_table(
        "written",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=True),
        sa.Column("serves", sa.Boolean(), nullable=False),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.Column("moved_at", UTC_INSTANT, nullable=True),
        sa.Column("echo_at", UTC_INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("item_id", "form", name=op.f("pk_written")),
    )

    op.create_table(
        "written_shared",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=True),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_written_shared_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "name", name=op.f("pk_written_shared")),
    )

    op.create_table(
        "write_refusal",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("advice", sa.String(), nullable=False),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_write_refusal_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", name=op.f("pk_write_refusal")),
    )

    op.create_table(
        "rate_budget",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("at", UTC_INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_rate_budget")),
        postgresql_with={"fillfactor": 50},
    )

    op.create_table(
        "firing",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("slot", UTC_INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_firing")),
    )

    op.create_table(
        "scope_total",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("ok", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("not_modified", sa.BigInteger(), nullable=False),
        sa.Column("waited_s", sa.Float(), nullable=False),
        sa.Column("read", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("last_took_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "scope_id", name=op.f("pk_scope_total")),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )

    op.create_table(
        "channel_total",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_total")),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )

    op.create_table(
        "job_total",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("took_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_job_total")),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
