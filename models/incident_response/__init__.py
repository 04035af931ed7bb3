"""Accidents in the fireworks trade: words, judgements and tables (海政办发〔2023〕31号)."""
