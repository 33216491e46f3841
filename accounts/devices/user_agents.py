"""What a device is called, by the name that its browser or game client gives itself. Pure of Django."""

from config.kernel.text import cleaned, shows

# The first that is found counts: most browsers also call themselves by the names of others.
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


def title(agent: str) -> str:
    """`Chrome on Linux`; what the agent begins with, as `Godot/4.4`, where it is no browser that we know."""
    browser = _found(BROWSERS, agent)
    if not browser:
        name = cleaned(agent.partition("(")[0], "device")
        return name if shows(name) else "Unknown device"
    system = _found(SYSTEMS, agent)
    return f"{browser} on {system}" if system else browser


def _found(names: dict[str, str], agent: str) -> str:
    return next((name for sign, name in names.items() if sign in agent), "")
