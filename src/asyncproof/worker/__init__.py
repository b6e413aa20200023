"""One LLM worker alone: a hive, a life cycle, checks."""
