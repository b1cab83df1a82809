"""Named snapshots of a project; what is the same in several is stored once."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("objects", sa.Integer, nullable=False),
        sa.Column("categories", sa.Integer, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_versions_project_id"),
        sa.UniqueConstraint("project_id", "name", name="uq_versions_project_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "version_contents",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_version_contents"),
    )
    op.create_table(
        "version_entries",
        sa.Column("version_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("image_id", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "kind", "key", name="pk_version_entries"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_version_entries_version_id"),
        sa.ForeignKeyConstraint(["hash"], ["version_contents.hash"], name="fk_version_entries_hash"),
    )
    op.create_index("ix_version_entries_place", "version_entries", ["version_id", "kind", "image_id", "place"])
