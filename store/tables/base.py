"""What all tables have in common, and the values that the program keeps about itself."""

from typing import TYPE_CHECKING, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """What all tables have in common."""

    if TYPE_CHECKING:
        __table__: ClassVar[sa.Table]


class Meta(Row, table=True):
    """Single values that the program keeps about itself: what was applied, whether links were built."""

    key: str = Field(primary_key=True)
    value: str
