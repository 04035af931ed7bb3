"""Demands, activities, resources

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

from models.column import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('service_resources',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('department', sa.String(length=60), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('about', sa.String(length=500), nullable=False),
    sa.Column('promised_days', sa.Integer(), nullable=False),
    sa.Column('offered', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('code')
    )
    op.create_table('activities',
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('register_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('department', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('venue', sa.String(length=120), nullable=False),
    sa.Column('about', sa.String(length=500), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('starts_at', Instant(), nullable=False),
    sa.Column('closes_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], ),
    sa.ForeignKeyConstraint(['register_id'], ['cases.id'], ),
    sa.PrimaryKeyConstraint('case_id'),
    sa.UniqueConstraint('department', 'title', 'starts_at'),
    sa.UniqueConstraint('register_id', 'place')
    )
    op.create_table('demands',
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('register_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('channel', sa.String(length=12), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('open_text', sa.String(length=500), nullable=False),
    sa.Column('uscc', sa.String(length=18), nullable=False),
    sa.Column('contact', sa.LargeBinary(), nullable=True),
    sa.Column('phone', sa.LargeBinary(), nullable=True),
    sa.Column('received_at', Instant(), nullable=False),
    sa.Column('mark', sa.LargeBinary(), nullable=False),
    sa.Column('again_at', Instant(), nullable=True),
    sa.Column('again_why', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], ),
    sa.ForeignKeyConstraint(['register_id'], ['cases.id'], ),
    sa.PrimaryKeyConstraint('case_id'),
    sa.UniqueConstraint('mark'),
    sa.UniqueConstraint('register_id', 'place')
    )
    op.create_table('enrolments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('uscc', sa.String(length=18), nullable=False),
    sa.Column('firm', sa.String(length=120), nullable=False),
    sa.Column('contact', sa.LargeBinary(), nullable=True),
    sa.Column('phone', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['cases.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('activity_id', 'place'),
    )
    op.create_table('service_requests',
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('register_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('resource_id', sa.Integer(), nullable=False),
    sa.Column('uscc', sa.String(length=18), nullable=False),
    sa.Column('firm', sa.String(length=120), nullable=False),
    sa.Column('wish', sa.String(length=500), nullable=False),
    sa.Column('received_at', Instant(), nullable=False),
    sa.Column('mark', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], ),
    sa.ForeignKeyConstraint(['register_id'], ['cases.id'], ),
    sa.ForeignKeyConstraint(['resource_id'], ['service_resources.id'], ),
    sa.PrimaryKeyConstraint('case_id'),
    sa.UniqueConstraint('mark'),
    sa.UniqueConstraint('register_id', 'place')
    )
