"""What operators can do to a running gateway, and the errors and views it answers with."""
