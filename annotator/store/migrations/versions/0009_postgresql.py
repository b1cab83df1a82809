"""PostgreSQL: numbers as large as SQLite's, and names in the order of their keys, whatever the database's language."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    columns = connection.execute(
        sa.text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE data_type = 'integer' AND table_schema = current_schema()"
        )
    ).all()
    for table, column in columns:
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE bigint')
    sequences = connection.execute(
        sa.text("SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()")
    ).scalars()
    for sequence in sequences.all():
        op.execute(f'ALTER SEQUENCE "{sequence}" AS bigint')
    op.execute('ALTER TABLE images ALTER COLUMN sort_key TYPE text COLLATE "C"')
