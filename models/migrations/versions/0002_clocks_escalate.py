"""Clocks escalate, and the open ones have an index

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('deadlines', schema=None) as batch_op:
        batch_op.add_column(sa.Column('escalation', sa.Text(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('gathered', sa.Boolean(), server_default=sa.text('(false)'), nullable=False))
        batch_op.create_index('ix_deadlines_open', ['due_at'], unique=False, sqlite_where=sa.text('met_at IS NULL AND superseded_at IS NULL'), postgresql_where=sa.text('met_at IS NULL AND superseded_at IS NULL'))
