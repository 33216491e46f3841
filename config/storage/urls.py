"""The storage of previews, from a URL. Imported by the settings, so it imports no Django."""

import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

URL_FORMAT = "s3://KEY:SECRET@host/bucket?region=name, with KEY and SECRET percent-encoded"
SCHEMES = {"s3": "https", "s3+http": "http"}  # the second is for a server in the same network


def read_media_url(url: str) -> dict[str, Any]:
    """Returns the entry of STORAGES for an S3-compatible bucket. Raises ValueError.

    Its messages do not repeat the URL, which has a secret.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    bucket = parts.path.strip("/")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    region = options.pop("region", "us-east-1")
    if parts.scheme not in SCHEMES or not host or not parts.username or not parts.password:
        raise ValueError(f"must look like {URL_FORMAT}.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise ValueError("has no valid bucket after the host: 3 to 63 of a-z, 0-9, dot and hyphen.")
    if options or parts.fragment or not re.fullmatch(r"[a-z0-9-]+", region):
        raise ValueError("may have ?region=name after the bucket, and nothing else.")
    if not find_spec("storages"):
        raise ValueError("needs more packages: pip install -r requirements-s3.txt.")
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return {
        "BACKEND": "config.storage.s3.PrivateS3Storage",
        "OPTIONS": {
            "access_key": unquote(parts.username),
            "secret_key": unquote(parts.password),
            "endpoint_url": f"{SCHEMES[parts.scheme]}://{host}{port}",
            "bucket_name": bucket,
            "region_name": region,
        },
    }
