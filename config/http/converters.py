"""The converter of ids in paths, `<id:map_id>`. `config.apps` registers it."""

from django.urls.converters import UUIDConverter

from config.kernel.validators import ID_PATTERN


class IdConverter(UUIDConverter):
    """A path segment that is an id. Django's own converter accepts no upper-case letters."""

    regex = ID_PATTERN
