"""Official papers as .docx in the layout of GB/T 9704-2012."""

from tasks.document.writing import write_document

__all__ = ["write_document"]
