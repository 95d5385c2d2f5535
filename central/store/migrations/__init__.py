"""The steps that build the schema, run by Alembic; ``HEAD`` is the newest, known without loading Alembic."""

HEAD = "0002"
