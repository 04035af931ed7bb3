"""Budgets, ledger, payments

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

from models.column import Instant
from models.triggers import trigger_statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_budgets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("approved", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(length=500), nullable=False),
        sa.Column("document", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("approved_at", Instant(), nullable=False),
        sa.CheckConstraint("approved >= 0", name="ck_policy_budgets_approved"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("department", "year"),
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("budget_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance >= 0 OR kind = 'source'", name="ck_ledger_accounts_balance"),
        sa.ForeignKeyConstraint(["budget_id"], ["policy_budgets.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("budget_id", "kind"),
    )
    op.create_table(
        "ledger_claims",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("budget_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("committed", "paying", "paid", "recovered")),
        sa.CheckConstraint(
            "committed >= 0 AND paying >= 0 AND paid >= 0 AND recovered >= 0", name="ck_ledger_claims"
        ),
        sa.ForeignKeyConstraint(["budget_id"], ["policy_budgets.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("ix_ledger_claims_budget", "ledger_claims", ["budget_id"])
    op.create_table(
        "ledger_postings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("budget_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=10), nullable=False),
        sa.Column("debit_id", sa.Integer(), nullable=False),
        sa.Column("credit_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_ledger_postings_amount"),
        sa.CheckConstraint("debit_id <> credit_id", name="ck_ledger_postings_sides"),
        sa.ForeignKeyConstraint(["budget_id"], ["policy_budgets.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["credit_id"], ["ledger_accounts.id"]),
        sa.ForeignKeyConstraint(["debit_id"], ["ledger_accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ledger_postings_case", "ledger_postings", ["case_id"])
    op.create_index("ix_ledger_postings_budget", "ledger_postings", ["budget_id"])
    op.create_table(
        "payment_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=50), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("drawn_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice_id", "turn"),
        sa.UniqueConstraint("number"),
    )
    op.create_table(
        "payment_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("bank", sa.String(length=80), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("voucher", sa.String(length=60), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("staff", sa.String(length=20), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_payment_lines_amount"),
        sa.ForeignKeyConstraint(["batch_id"], ["payment_batches.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("batch_id", "case_id"),
    )
    op.create_index("ix_payment_lines_case", "payment_lines", ["case_id"])
    for statement in trigger_statements(op.get_bind().dialect.name, ("ledger_postings",)):
        op.execute(statement)
