"""The validator: findings, rules by family, the runner and the reporters."""
