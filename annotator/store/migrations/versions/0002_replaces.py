"""Drafts can replace an annotation."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("drafts", sa.Column("replaces", sa.JSON))
