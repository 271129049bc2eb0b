"""News Monitor: watches feeds for your topics, keeps what it finds, and mails a digest."""

__version__ = "0.1.0"
