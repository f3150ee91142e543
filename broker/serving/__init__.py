"""The server: gunicorn and what runs beside the calls."""
