"""What an imported dataset says that nothing here knows is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for table in ("projects", "categories", "images", "annotations"):
        op.add_column(table, sa.Column("extra", sa.JSON))
