"""The books stay true whoever writes.

Every trigger is ENABLE ALWAYS: it fires also where a session has turned ordinary triggers off
(`session_replication_role`). What is left to the owner of the tables is DDL; a production role has none (docs/running.md).
"""

from django.db import migrations

LEDGER = """
CREATE FUNCTION payments_open_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;

-- By the time it commits a transaction has at least two legs, in its own currency, that add up to nothing. On the header,
-- because a trigger on entries never sees a transaction without any.
CREATE FUNCTION payments_check_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    legs integer;
    total numeric;
    foreign_legs integer;
BEGIN
    SELECT count(*), coalesce(sum(e.amount_fen), 0), count(*) FILTER (WHERE a.currency <> NEW.currency)
        INTO legs, total, foreign_legs
        FROM payments_ledgerentry e JOIN payments_ledgeraccount a ON a.id = e.account_id
        WHERE e.transaction_id = NEW.id;
    IF legs < 2 THEN
        RAISE EXCEPTION 'transaction % has % legs', NEW.idempotency_key, legs USING ERRCODE = 'check_violation';
    END IF;
    IF total <> 0 THEN
        RAISE EXCEPTION 'transaction % is off by %', NEW.idempotency_key, total USING ERRCODE = 'check_violation';
    END IF;
    IF foreign_legs > 0 THEN
        RAISE EXCEPTION 'transaction % mixes currencies', NEW.idempotency_key USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- Entries join in the database transaction that wrote their header, never later; each statement that writes some is
-- balanced in itself, so that a check made early cannot be outrun; and they alone move balances.
CREATE FUNCTION payments_apply_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM written w
            JOIN payments_ledgertransaction t ON t.id = w.transaction_id
            JOIN payments_ledgeraccount a ON a.id = w.account_id
        GROUP BY t.id
        HAVING t.written_in <> pg_current_xact_id()::text::bigint
            OR sum(w.amount_fen) <> 0 OR bool_or(a.currency <> t.currency)
    ) THEN
        RAISE EXCEPTION 'entries are written with their transaction, balanced and in its currency'
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE payments_ledgeraccount a
        SET debits_fen = a.debits_fen + s.debits, credits_fen = a.credits_fen + s.credits
        FROM (
            SELECT account_id,
                coalesce(sum(amount_fen) FILTER (WHERE amount_fen > 0), 0) AS debits,
                coalesce(-sum(amount_fen) FILTER (WHERE amount_fen < 0), 0) AS credits
            FROM written GROUP BY account_id
        ) s
        WHERE a.id = s.account_id;
    RETURN NULL;
END $$;

-- An account's totals change through its entries only (that trigger is one level down), and nothing else of it changes.
CREATE FUNCTION payments_guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    as_before payments_ledgeraccount;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.debits_fen <> 0 OR NEW.credits_fen <> 0 THEN
            RAISE EXCEPTION 'an account begins empty' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN
        as_before := NEW;
        as_before.debits_fen := OLD.debits_fen;
        as_before.credits_fen := OLD.credits_fen;
        as_before.balance_fen := OLD.balance_fen;
        IF as_before IS NOT DISTINCT FROM OLD AND NEW.debits_fen >= OLD.debits_fen AND NEW.credits_fen >= OLD.credits_fen THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'balances follow from entries alone' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER payments_open_transaction BEFORE INSERT ON payments_ledgertransaction
    FOR EACH ROW EXECUTE FUNCTION payments_open_transaction();
CREATE CONSTRAINT TRIGGER payments_check_transaction AFTER INSERT ON payments_ledgertransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_transaction();
CREATE TRIGGER payments_apply_entries AFTER INSERT ON payments_ledgerentry
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION payments_apply_entries();
CREATE TRIGGER payments_guard_account BEFORE INSERT OR UPDATE OR DELETE ON payments_ledgeraccount
    FOR EACH ROW EXECUTE FUNCTION payments_guard_account();
CREATE TRIGGER payments_keep_transactions BEFORE UPDATE OR DELETE ON payments_ledgertransaction
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payments_keep_entries BEFORE UPDATE OR DELETE ON payments_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payments_keep_all_transactions BEFORE TRUNCATE ON payments_ledgertransaction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payments_keep_all_entries BEFORE TRUNCATE ON payments_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payments_keep_all_accounts BEFORE TRUNCATE ON payments_ledgeraccount
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE payments_ledgertransaction
    ENABLE ALWAYS TRIGGER payments_open_transaction,
    ENABLE ALWAYS TRIGGER payments_check_transaction,
    ENABLE ALWAYS TRIGGER payments_keep_transactions,
    ENABLE ALWAYS TRIGGER payments_keep_all_transactions;
ALTER TABLE payments_ledgerentry
    ENABLE ALWAYS TRIGGER payments_apply_entries,
    ENABLE ALWAYS TRIGGER payments_keep_entries,
    ENABLE ALWAYS TRIGGER payments_keep_all_entries;
ALTER TABLE payments_ledgeraccount
    ENABLE ALWAYS TRIGGER payments_guard_account,
    ENABLE ALWAYS TRIGGER payments_keep_all_accounts;
"""
LEDGER_REVERSE = """
DROP TRIGGER IF EXISTS payments_keep_all_accounts ON payments_ledgeraccount;
DROP TRIGGER IF EXISTS payments_guard_account ON payments_ledgeraccount;
DROP TRIGGER IF EXISTS payments_keep_all_entries ON payments_ledgerentry;
DROP TRIGGER IF EXISTS payments_keep_entries ON payments_ledgerentry;
DROP TRIGGER IF EXISTS payments_apply_entries ON payments_ledgerentry;
DROP TRIGGER IF EXISTS payments_keep_all_transactions ON payments_ledgertransaction;
DROP TRIGGER IF EXISTS payments_keep_transactions ON payments_ledgertransaction;
DROP TRIGGER IF EXISTS payments_check_transaction ON payments_ledgertransaction;
DROP TRIGGER IF EXISTS payments_open_transaction ON payments_ledgertransaction;
DROP FUNCTION IF EXISTS payments_guard_account();
DROP FUNCTION IF EXISTS payments_apply_entries();
DROP FUNCTION IF EXISTS payments_check_transaction();
DROP FUNCTION IF EXISTS payments_open_transaction();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("core", "0001_extensions")]

    operations = [migrations.RunSQL(LEDGER, LEDGER_REVERSE)]
