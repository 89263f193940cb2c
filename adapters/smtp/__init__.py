"""Mail by SMTP, when SMTP_URL is set; its twin writes files."""
