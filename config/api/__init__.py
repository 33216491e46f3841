"""What all REST endpoints share: JSON in and out, the base view, and the OpenAPI schema."""
