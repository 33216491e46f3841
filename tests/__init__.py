"""Tests of the whole product, against its real servers."""

import pytest

pytest.register_assert_rewrite("tests.support")  # so that a helper that fails shows its values
