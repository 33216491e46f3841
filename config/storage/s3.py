"""Files in an S3-compatible bucket. Needs requirements-s3.txt; used where MEDIA_STORAGE names one."""

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage


class PrivateS3Storage(S3Storage):  # type: ignore[misc]
    """The bucket as a private store that this site alone reads, with short waits: pages hang on it."""

    def get_default_settings(self) -> dict[str, Any]:
        """Settings of django-storages; none of its AWS_… variables is needed."""
        config = Config(
            connect_timeout=1,
            read_timeout=3,
            retries={"total_max_attempts": 2},
            signature_version="s3v4",
            s3={"addressing_style": "path"},  # every endpoint takes it
            # Newer checks that not every server knows.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        settings: dict[str, Any] = super().get_default_settings()
        return settings | {"client_config": config, "default_acl": None, "file_overwrite": True}
