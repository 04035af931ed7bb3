"""Policy redemption (海政办发〔2023〕27号): policies, firms, applications, money, results in public, demands."""
