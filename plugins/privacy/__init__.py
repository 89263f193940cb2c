"""Privacy: what was done to whose data. Reads the platform's audit_logs; owns no table, emits nothing, requires nothing."""
