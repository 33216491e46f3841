"""Names of devices, from the `User-Agent` of browsers and game clients. Pure."""

from config.kernel.text import clean_text, has_visible_character

# The first match is used, because most browsers also send the names of others.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "FxiOS/": "Firefox",
    "Firefox/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device_name(user_agent: str) -> str:
    """Returns a name such as `Chrome on Linux`; for unknown programs the first part, as `Godot/4.4`."""
    browser = _find(BROWSERS, user_agent)
    if not browser:
        name = clean_text(user_agent.partition("(")[0], "device")
        return name if has_visible_character(name) else "Unknown device"
    system = _find(SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def _find(names: dict[str, str], user_agent: str) -> str:
    return next((name for part, name in names.items() if part in user_agent), "")
