"""A project keeps how strict its quality rules are, and what they found last."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("projects", sa.Column("settings", sa.JSON))
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("image_id", sa.String(32)),
        sa.Column("annotation_id", sa.Integer),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("made", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_findings_project_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_findings_rule", "findings", ["project_id", "rule", "annotation_id"])
