import pytest
from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from tiltyard.registry import schema


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_can_be_made_in_postgresql_too(table: Table) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here
    text = str(CreateTable(table).compile(dialect=dialect))
    assert f"CREATE TABLE {table.name}" in text
    for index in table.indexes:
        assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))
    if table is schema.events:
        assert "seq BIGSERIAL" in text


def test_who_writes_locks_the_row_that_everybody_locks() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here
    query = select(schema.registry).with_for_update()
    assert str(query.compile(dialect=dialect)).endswith("FOR UPDATE")
