"""Files in a private bucket and presigned links to them (implements ports.storage.Storage and Links)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from kernel.context import outbound
from kernel.errors import NotFound, Unavailable
from ports.storage import StorageKey, StoredFile, UploadLink, checked, disposition

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Storage:
    """bucket: exists and is private. endpoint: None for AWS. Calls take 15 s at most and are tried three times."""

    def __init__(self, *, bucket: str, endpoint: str | None, region: str, access_key: str, secret_key: str) -> None:
        self._bucket = bucket
        config = Config(signature_version="s3v4", connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
        self._s3: S3Client = boto3.client(
            "s3", endpoint_url=endpoint, region_name=region, aws_access_key_id=access_key, aws_secret_access_key=secret_key, config=config
        )

    def put(self, key: StorageKey, content: bytes, *, content_type: str) -> None:
        outbound("storage")
        with _translated():
            self._s3.put_object(Bucket=self._bucket, Key=str(key), Body=content, ContentType=content_type)

    def get(self, key: StorageKey) -> StoredFile:
        outbound("storage")
        with _translated():
            found = self._s3.get_object(Bucket=self._bucket, Key=str(key))
            return StoredFile(found["Body"].read(), found["ContentType"])

    def delete(self, key: StorageKey) -> None:
        outbound("storage")
        with _translated():
            self._s3.delete_object(Bucket=self._bucket, Key=str(key))

    def download(self, key: StorageKey, *, name: str, content_type: str, lifetime_s: int = 300) -> str:
        told = {"Bucket": self._bucket, "Key": str(key), "ResponseContentDisposition": disposition(name), "ResponseContentType": content_type}
        return self._s3.generate_presigned_url("get_object", Params=told, ExpiresIn=checked(lifetime_s))

    def upload(self, key: StorageKey, *, content_type: str, size: int, lifetime_s: int = 300) -> UploadLink:
        told = {"Bucket": self._bucket, "Key": str(key), "ContentType": content_type, "ContentLength": size}
        url = self._s3.generate_presigned_url("put_object", Params=told, ExpiresIn=checked(lifetime_s))
        return UploadLink(url, {"Content-Type": content_type})


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise NotFound from None
        raise Unavailable("The file store refuses.") from error
    except BotoCoreError as error:
        raise Unavailable("The file store cannot be reached.") from error
