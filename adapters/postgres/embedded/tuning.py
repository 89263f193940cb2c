"""The settings the embedded server runs with, all of them on its command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.postgres.embedded.observe import PORT

BASE: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "io_method": "sync",
    "autovacuum_naptime": "30s",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    # A refused row's values belong to somebody: no DETAIL and no statement text in the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Loses data when the machine crashes, never when only processes are killed: tests kill the server too.
FAST: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
}
