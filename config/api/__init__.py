"""What all REST endpoints share: JSON, the base view, and the OpenAPI schema."""
