"""`python -m tests.security.flood`: requests one after another on one connection, as fast as it goes; their answers counted, as JSON.

Only the standard library: several of these start at once.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from urllib.parse import urlsplit


def main() -> None:
    url, path, count, rate, *headers = sys.argv[1:]
    sent = dict(header.split(": ", 1) for header in headers)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    statuses: dict[str, int] = {}
    last: dict[str, dict[str, str]] = {}
    took = []
    start = time.monotonic()
    for number in range(int(count)):
        if float(rate) and (wait := start + number / float(rate) - time.monotonic()) > 0:
            time.sleep(wait)
        began = time.perf_counter()
        connection.request("GET", path, headers={name: value.replace("{n}", str(number)) for name, value in sent.items()})
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        statuses[str(answer.status)] = statuses.get(str(answer.status), 0) + 1
        last[str(answer.status)] = dict(answer.getheaders())
    print(json.dumps({"statuses": statuses, "last": last, "took": took}))


if __name__ == "__main__":
    main()
