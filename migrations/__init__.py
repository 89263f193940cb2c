"""Alembic's environment and the platform's own migrations. Plugins keep theirs beside their code."""
