"""Recurrence rules by the thousand, the same on every run, and what another implementation makes of them."""

from __future__ import annotations

import json
import random
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
TESTS = Path(__file__).resolve().parents[3]

# Its own last year is 9999, until which it looks for the next 30th of February; one of ours is enough.
_EXPAND = """
const fs = require('fs'), Module = require('module'), path = require.resolve('rrule');
const source = fs.readFileSync(path, 'utf8');
if (!source.includes('MAXYEAR = 9999')) throw new Error('rrule has no last year any more');
const loaded = new Module(path);
loaded._compile(source.replace('MAXYEAR = 9999', 'MAXYEAR = 2042'), path);
const { RRule } = loaded.exports;
const asked = JSON.parse(fs.readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(asked.map(([text, first, end]) => {
  const rule = new RRule({ ...RRule.parseString(text), dtstart: new Date(first + 'Z') });
  const last = new Date(end + 'Z');
  const found = [];
  rule.all((date) => { if (date > last) return false; found.push(date.toISOString().slice(0, 19)); return found.length < 600; });
  return found;
})));
"""


@dataclass(frozen=True)
class Sample:
    """A rule as text, and the wall time it begins with."""

    text: str
    first: datetime


def samples(count: int, seed: int) -> list[Sample]:
    """Rules of every kind we read, but for what the two implementations read differently, which `test_series` asks of a third: plain weekdays
    beside numbered ones, BYSETPOS in a first week that began before, positions that are the same day or none, a day as UNTIL."""
    chance = random.Random(seed)
    return [_sample(chance) for _ in range(count)]


def _sample(chance: random.Random) -> Sample:
    first = datetime(2026, 1, 1) + timedelta(days=chance.randrange(1500), minutes=chance.randrange(0, 1440, 5))
    freq = chance.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    if chance.random() < 0.6:
        parts.append(f"INTERVAL={chance.choice([1, 2, 2, 3, 4, 5, 7, 12])}")
    if chance.random() < 0.6:
        parts.append(f"COUNT={chance.randint(1, 40)}")
    else:
        parts.append(f"UNTIL={first + timedelta(days=chance.randint(0, 1500), minutes=chance.choice([-1, 0, 1])):%Y%m%dT%H%M%S}Z")
    by = _by_parts(chance, freq)
    if by and chance.random() < 0.3:
        by.append(f"BYSETPOS={_positions(chance, freq, by)}")
    week_start = chance.choice(WEEKDAYS) if chance.random() < 0.3 else "MO"
    if freq == "WEEKLY" and by and by[-1].startswith("BYSETPOS"):
        first -= timedelta(days=(first.weekday() - WEEKDAYS.index(week_start)) % 7)
    parts += by + ([f"WKST={week_start}"] if week_start != "MO" else [])
    freq_first, *rest = parts
    chance.shuffle(rest)
    return Sample(";".join([freq_first, *rest]), first)


def _by_parts(chance: random.Random, freq: str) -> list[str]:
    by = []
    if chance.random() < 0.3:
        by.append(f"BYMONTH={_some(chance, list(range(1, 13)), 4)}")
    if freq != "WEEKLY" and chance.random() < 0.35:
        by.append(f"BYMONTHDAY={_some(chance, [*range(1, 29), -1, -1, -2, -7, 29, 30, 31], 5)}")
    if chance.random() < 0.55:
        numbered = freq in ("MONTHLY", "YEARLY") and chance.random() < 0.6
        highest = 5 if freq == "MONTHLY" or by else 53
        by.append("BYDAY=" + ",".join(
            f"{chance.choice(['', '+', '-', '-'])}{chance.randint(1, highest)}{day}" if numbered else day
            for day in chance.sample(WEEKDAYS, chance.randint(1, 4))
        ))  # fmt: skip
    return by


def _positions(chance: random.Random, freq: str, by: list[str]) -> str:
    plain = re.fullmatch(r"BYDAY=[A-Z,]+", by[-1]) is not None and not any(part.startswith("BYMONTHDAY") for part in by)
    if plain and freq in ("MONTHLY", "YEARLY"):
        return _some(chance, chance.choice([[1, 2, 3, 4], [-1, -2, -3, -4]]), 2)
    return _some(chance, chance.choice([[1, 2, 3, 5], [-1]]), 2)


def _some(chance: random.Random, values: list[int], most: int) -> str:
    return ",".join(map(str, chance.sample(values, chance.randint(1, min(most, len(values))))))


def expanded_by_rrule_js(asked: list[Sample], horizon: timedelta) -> list[list[datetime]]:
    """What npm's rrule makes of them, in one process."""
    questions = [[one.text, one.first.isoformat(), (one.first + horizon).isoformat()] for one in asked]
    answer = subprocess.run(["node", "-e", _EXPAND], input=json.dumps(questions), capture_output=True, text=True, cwd=TESTS, timeout=250, check=True)
    return [[datetime.fromisoformat(at) for at in one] for one in json.loads(answer.stdout)]
