"""`fitpro sbom`: what this product is made of, as CycloneDX: all that the lock names, and what is kept here of others' work. The same lock gives
the same bytes: there is no date in it, and its serial number is made of what it lists."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from config.plugins import version_of_platform

_PIN: Final = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))?(?: \\)?")
_HASH: Final = re.compile(r"    --hash=sha256:([0-9a-f]{64})(?: \\)?")
_BUNDLE_VERSION: Final = re.compile(r'PACKAGE_VERSION:"([0-9][0-9a-z.+-]*)"')


def text() -> str:
    """The document of this release."""
    lock = resources.files("config").joinpath("requirements.txt").read_text()
    return json.dumps(document(lock), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def document(lock: str) -> dict[str, Any]:
    """As CycloneDX 1.6 has it. lock: the text of a requirements file with hashes. Raises ValueError for a line that is no pin and no hash."""
    components = sorted([*_locked(lock), _docs_page()], key=lambda each: str(each["bom-ref"]))
    version = version_of_platform()
    product = {
        "type": "application", "bom-ref": f"fitpro-hub@{version}", "name": "fitpro-hub", "version": version, "purl": f"pkg:pypi/fitpro-hub@{version}",
        "licenses": [{"license": {"id": "MIT"}}],
    }  # fmt: skip
    listed = json.dumps([product, components], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, hashlib.sha256(listed.encode()).hexdigest())}",
        "version": 1,
        "metadata": {"component": product},
        "components": components,
        "dependencies": [{"ref": product["bom-ref"], "dependsOn": [each["bom-ref"] for each in components]}],
    }


def _locked(lock: str) -> Iterator[dict[str, Any]]:
    """A component for each pin; its hashes are those of every file an installation may take for it."""
    found: dict[str, Any] | None = None
    for line in lock.splitlines():
        if found is not None and (digest := _HASH.fullmatch(line)):
            found["hashes"].append({"alg": "SHA-256", "content": digest[1]})
            continue
        pin = _PIN.fullmatch(line)
        if pin is None:
            raise ValueError(f"neither a pin nor a hash: {line}")
        if found is not None:
            yield found
        purl = f"pkg:pypi/{pin['name']}@{pin['version']}"
        found = {"type": "library", "bom-ref": purl, "name": pin["name"], "version": pin["version"], "purl": purl, "hashes": []}
        if pin["marker"]:
            found["properties"] = [{"name": "fitpro:marker", "value": pin["marker"]}]
    if found is not None:
        yield found


def _docs_page() -> dict[str, Any]:
    """Swagger UI, which comes with this repository and from no index."""
    bundle = resources.files("adapters.http.docs").joinpath("static/swagger-ui-bundle.js").read_bytes()
    version = _BUNDLE_VERSION.search(bundle.decode())
    assert version is not None, "the bundle says which version it is"
    purl = f"pkg:npm/swagger-ui-dist@{version[1]}"
    return {
        "type": "library", "bom-ref": purl, "name": "swagger-ui-dist", "version": version[1], "purl": purl,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(bundle).hexdigest()}],
    }  # fmt: skip
