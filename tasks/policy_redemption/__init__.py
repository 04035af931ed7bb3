"""The hands of policy redemption (海政办发〔2023〕27号)."""
