"""Clocks escalate, and the open ones have an index; questions are passed on, added to, urged and copied

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

from models.column import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
CLOSED_SHOWN = "status <> 'open' AND run_id <> '' AND run_id <> '-'"


def upgrade() -> None:
    with op.batch_alter_table('deadlines', schema=None) as batch_op:
        batch_op.add_column(sa.Column('escalation', sa.Text(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('gathered', sa.Boolean(), server_default=sa.text('(false)'), nullable=False))
        batch_op.create_index('ix_deadlines_open', ['due_at'], unique=False, sqlite_where=sa.text('met_at IS NULL AND superseded_at IS NULL'), postgresql_where=sa.text('met_at IS NULL AND superseded_at IS NULL'))
    with op.batch_alter_table('decisions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('told', sa.Text(), server_default='[]', nullable=False))
    with op.batch_alter_table('seats', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_by', sa.String(length=20), server_default='', nullable=False))
        batch_op.add_column(sa.Column('passed_from', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('urges', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('urged_at', Instant(), nullable=True))
        batch_op.create_index('ix_seats_closed_shown', ['id'], unique=False, sqlite_where=sa.text(CLOSED_SHOWN), postgresql_where=sa.text(CLOSED_SHOWN))
