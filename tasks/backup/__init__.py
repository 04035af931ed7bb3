"""Backup and restore of everything (Art. 20): rows, papers, mailbox, anchors, configuration; the keys apart."""

from tasks.backup.making import Made, backup
from tasks.backup.restoring import ASIDE, Restored, restore

__all__ = ["ASIDE", "Made", "Restored", "backup", "restore"]
