"""The protocol as bytes: bodies to send, answers to parse, whatever they look like."""
