"""Validates the constraint that names and descriptions of maps are in normal form C.

For a million maps it takes ten seconds. Maps are read and written meanwhile.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("maps", "0008_unique_names")]

    operations = [ValidateConstraint("gamemap", "map_normal_form")]
