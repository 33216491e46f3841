"""Where files are stored: previews in a folder or an S3 bucket, static files in a folder."""
