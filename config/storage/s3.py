"""Files in the S3-compatible bucket of MEDIA_STORAGE. Needs requirements-s3.txt."""

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage


class PrivateS3Storage(S3Storage):  # type: ignore[misc]
    """A private bucket that only this site reads. It has short timeouts, because pages wait for it."""

    def get_default_settings(self) -> dict[str, Any]:
        """Returns the settings of django-storages, instead of its AWS_… variables."""
        config = Config(
            connect_timeout=1,
            read_timeout=3,
            retries={"total_max_attempts": 2},
            signature_version="s3v4",
            s3={"addressing_style": "path"},  # works with every server
            # Some servers do not support the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        settings: dict[str, Any] = super().get_default_settings()
        return settings | {"client_config": config, "default_acl": None, "file_overwrite": True}
