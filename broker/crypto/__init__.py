"""Keys, vaults, passwords and tokens (spec/vault-keys.md): functions on plain values."""
