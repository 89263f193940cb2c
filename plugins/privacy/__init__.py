"""Privacy: what was done to whose data.

Reads the platform's audit_logs and seals them in audit_seals; owns no table, emits nothing, requires nothing."""
