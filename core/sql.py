"""SQL that several apps' migrations need, in one place."""

APPEND_ONLY_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


def append_only(table: str, *, deletes: bool = True) -> tuple[str, str]:
    """Forward and reverse SQL that makes a table append-only. `deletes=False` lets cascades delete rows."""
    events = "UPDATE OR DELETE" if deletes else "UPDATE"
    name = f"{table}_append_only"
    forward = f"CREATE TRIGGER {name} BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();"
    return forward, f"DROP TRIGGER IF EXISTS {name} ON {table};"
