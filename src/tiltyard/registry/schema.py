"""The registry's tables. Nothing here that PostgreSQL could not do."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

# A newer Tiltyard that needs other tables counts this up.
SCHEMA_VERSION = 3
NAME_CHARS_MAX = 128
IDEMPOTENCY_KEY_CHARS_MAX = 255

metadata = MetaData()

# One row. Whoever writes locks it first, so that events are numbered in the order of commits.
registry = Table("registry", metadata, Column("schema_version", Integer, primary_key=True))

models = Table(
    "models",
    metadata,
    Column("name", String(NAME_CHARS_MAX), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("champion", BigInteger),
    Column("previous", BigInteger),
    Column("rolled_back", Boolean, nullable=False),
    Column("split", String(16), nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("model", ForeignKey("models.name"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(128), nullable=False),  # empty: not known yet
    Column("unloaded", Boolean, nullable=False, default=False),
    # When it need not be in memory any more; unix seconds, null while nothing ends it.
    Column("kept_until", Float(53)),
)

challengers = Table(
    "challengers",
    metadata,
    Column("model", String(NAME_CHARS_MAX), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("buckets", Integer, nullable=False),
    Column("sample_ppm", Integer, nullable=False),
    Column("ranges", JSON, nullable=False),
    Column("reverse_shadow", Boolean, nullable=False),
    Column("compare", JSON, nullable=False),
    ForeignKeyConstraint(["model", "version"], ["versions.model", "versions.version"]),
)

# What operators chose of a model's monitoring; a model that has no row has the defaults.
policies = Table(
    "policies",
    metadata,
    Column("model", ForeignKey("models.name"), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("policy", JSON, nullable=False),
)

events = Table(
    "events",
    metadata,
    # SQLite numbers only INTEGER by itself, and only with AUTOINCREMENT never a number twice.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("ts", Float(53), nullable=False),
    Column("model", String(NAME_CHARS_MAX), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("version", BigInteger),
    Column("actor", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index("events_of_model", "model", "seq"),
    sqlite_autoincrement=True,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(IDEMPOTENCY_KEY_CHARS_MAX), primary_key=True),
    Column("method", String(32), nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("reply", JSON, nullable=False),
    Column("ts", Float(53), nullable=False, index=True),
)
