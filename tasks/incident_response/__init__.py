"""Accidents in the fireworks trade: the hands (海政办发〔2023〕31号)."""
