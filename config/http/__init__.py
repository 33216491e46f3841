"""What all pages and endpoints share: errors, middleware, forms, redirects, conditional requests."""
