"""What sends text messages; SMS_GATEWAY names the class."""
