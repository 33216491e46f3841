"""The encodings that a client accepts."""


def accepts_gzip(accepted: str) -> bool:
    """Returns whether an `Accept-Encoding` allows gzip (RFC 9110, 12.5.3)."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.strip().removeprefix("q=").strip("0.") != "" or not weight.strip()
    return False
