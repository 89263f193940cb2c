"""One statement, one round trip, one transaction, as the relay identity."""

from __future__ import annotations

from adapters.postgres.faults import translate
from adapters.postgres.pool import Pool
from adapters.postgres.statements import Statement
from adapters.postgres.wire import ConnectionLost, Result, ServerError
from kernel.errors import Unavailable


class Control:
    """Runs statements on a pool. Raises Unavailable when the server is away; the statement may then have happened, or not."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def run(self, statement: Statement, **parameters: object) -> Result:
        with self._pool.connection() as connection:
            try:
                return connection.wire.exchange([(statement, statement.bind(parameters, {}))])[0]
            except ConnectionLost as lost:
                raise Unavailable(retry_after_s=1) from lost
            except ServerError as error:
                if (known := translate(error)) is not None:
                    raise known from error
                raise
