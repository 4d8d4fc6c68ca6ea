"""The servers the gateway is compared with. Each folder is run by the Python of its own venv."""
