"""Several people: who is where, what happened last, whose image it is to be, who changed an object last."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("images", sa.Column("assignee", sa.Text))
    op.add_column("annotations", sa.Column("updated_by", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE annotations SET updated_by = author")
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("image_id", sa.String(32)),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("client", sa.String(64)),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_events_project_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leases",
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("image_id", sa.String(32), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("expires", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("client", name="pk_leases"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_leases_project_id"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_leases_image_id"),
    )
    op.create_index("ix_leases_image_id", "leases", ["image_id"])
